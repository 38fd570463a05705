"""The consents that a token carries (RFC 9396 §9.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, cast

from gateway.core.consent.tree import Tree
from schemas.consent import TYPE, Consent

if TYPE_CHECKING:
    from gateway.core.consent.dataset import Dataset

_NAME: Final = re.compile(r"[!-~]{1,200}")


class Held:
    """One consent, as a token says it.

    Attributes:
        fields: ids of the data set's fields that it is limited to; empty for all.
        until: seconds since the epoch.
        detail: as it stands in the token.
    """

    __slots__ = ("_of", "_tree", "dataset", "detail", "fields", "id", "purpose", "until")

    def __init__(self, detail: dict[str, Any]) -> None:
        """Read one authorization detail.

        Raises:
            ValueError: something is missing or of another kind.
        """
        self.id, self.dataset, self.purpose = (
            _name(detail.get(part)) for part in ("consent_id", "dataset", "purpose")
        )
        fields, until = detail.get("fields", []), detail.get("until")
        if not isinstance(fields, list) or isinstance(until, bool) or not isinstance(until, int):
            raise ValueError("a consent without an end, or its fields are no list")  # noqa: TRY004
        self.fields = tuple(map(_name, fields))
        self.until = until
        self.detail = cast(Consent, detail)
        self._of: Dataset | None = None
        self._tree: Tree | None = None

    def tree(self, dataset: Dataset) -> Tree:
        """What of an answer it lets through, made once under each policy."""
        if self._of is not dataset or self._tree is None:
            self._of, self._tree = dataset, dataset.tree(self.fields)
        return self._tree


def read(claim: object) -> tuple[Held, ...]:
    """All consents in ``authorization_details``; details of another type are none.

    Raises:
        ValueError: the claim, or a consent in it, is not what it should be.
    """
    if claim is None:
        return ()
    if not isinstance(claim, list) or not all(isinstance(detail, dict) for detail in claim):
        raise ValueError("authorization_details is not a list of objects")
    return tuple(Held(detail) for detail in claim if detail.get("type") == TYPE)


def by_dataset(consents: tuple[Held, ...]) -> dict[str, tuple[Held, ...]]:
    """Them by data set: a dictionary of its own each time, also when it is empty."""
    found: dict[str, tuple[Held, ...]] = {}
    for one in consents:
        found[one.dataset] = (*found.get(one.dataset, ()), one)
    return found


def _name(value: object) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError("a name in a consent is missing or no text")
    return value

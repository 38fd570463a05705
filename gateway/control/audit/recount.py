"""Counting a log anew, against the counts that the public is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from gateway.control.audit.tampered import Tampered
from gateway.control.audit.uses import Use, use_of

Month = tuple[int, dict[Use, int]]
"""The counts of a month, as they stood after so many events."""


class Recount:
    """Looks at the entries of a log in their order.

    Args:
        months: what is to be borne out, by month: ``2026-11``. Months that are not here are not
            looked at.
    """

    def __init__(self, months: Iterable[tuple[str, Month]] = ()) -> None:
        self._months = dict(months)
        self._found: Counter[Use] = Counter()

    def look(self, number: int, said: dict[str, Any]) -> None:
        """Count one entry."""
        if not self._months:
            return
        kept = said.get("kept") or said.get("detail", {})
        use = use_of(said["action"], said["at"], said["client"], said["outcome"], kept)
        if use is not None:
            size, _ = self._months.get(use.day[:7], (0, {}))
            if number < size:
                self._found[use] += 1

    def finish(self) -> None:
        """Raises:
        Tampered: another number is told than there are in the log.
        """
        told = {use: count for _, counts in self._months.values() for use, count in counts.items()}
        for use in sorted(told.keys() | self._found.keys()):
            if told.get(use, 0) != self._found[use]:
                raise Tampered(
                    0,
                    f"of the uses of {use.dataset!r} by {use.client!r} for {use.purpose!r} on "
                    f"{use.day} {self._found[use]} are in the log, and {told.get(use, 0)} are told",
                )

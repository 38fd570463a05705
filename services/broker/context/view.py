"""How a reader wants entities: representation, members, instances, language."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from services.broker.context.errors import BadRequestData
from services.broker.context.jsonld import CORE, Context
from services.broker.context.kinds import SYSTEM
from services.broker.context.language import LanguageFilter, parse_lang
from services.broker.context.projection import OWN, Projection, parse_projection
from services.broker.context.values import is_uri

Form = Literal["normalized", "concise", "keyValues"]

FORMS: Final[Mapping[str, Form]] = {
    "normalized": "normalized",
    "concise": "concise",
    "keyValues": "keyValues",
    "simplified": "keyValues",
}
_MOST_NAMES: Final = 100


@dataclass(frozen=True, slots=True)
class View:
    """How a caller wants entities.

    Attributes:
        attributes: expanded names to show; all when empty.
        system: with ``createdAt``, ``modifiedAt`` and ``expiresAt``.
        pick: the only members to show; all when None.
        omit: members not to show.
        datasets: datasetIds whose instances are shown, ``""`` for the default; all when None.
        lang: turns LanguageProperties into Properties of one language.
    """

    form: Form = "normalized"
    attributes: Collection[str] = ()
    system: bool = False
    context: Context = CORE
    pick: Projection | None = None
    omit: Projection | None = None
    datasets: frozenset[str] | None = None
    lang: LanguageFilter | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every member is shown."""
        return not self.attributes and self.pick is None and self.omit is None

    def shows(self, name: str) -> bool:
        """Whether a member is shown: one of :data:`OWN`, or an expanded attribute name."""
        if self.attributes and name not in self.attributes and name not in ("id", "type"):
            return name in SYSTEM and self.system
        if self.pick is not None and name not in self.pick:
            return False
        # what is omitted of a linked entity is not omitted here
        return self.omit is None or self.omit.members.get(name, self.omit) is not None


def parse_view(given: Mapping[str, str], options: Collection[str], context: Context) -> View:
    """The view in a request's parameters (§6.3.7, §6.3.11, §6.5.3.1).

    Args:
        given: the parameters by name.
        options: the members of ``options``.

    Raises:
        BadRequestData: one of them is malformed.
    """
    if not given and not options:
        return View(context=context)
    return View(
        form=parse_form(given.get("format", ""), options),
        attributes=_attributes(given.get("attrs", ""), context),
        system="sysAttrs" in options,
        context=context,
        pick=parse_projection(given.get("pick", ""), context, "pick"),
        omit=parse_projection(given.get("omit", ""), context, "omit"),
        datasets=_datasets(given.get("datasetId", "")),
        lang=parse_lang(given.get("lang", "")),
    )


def parse_form(text: str, options: Collection[str]) -> Form:
    """The representation: ``format``, or else what ``options`` says (§6.3.7)."""
    if text:
        if text not in FORMS:
            raise BadRequestData("format is normalized, concise, keyValues or simplified.")
        return FORMS[text]
    return next((FORMS[option] for option in options if option in FORMS), "normalized")


def _attributes(text: str, context: Context) -> frozenset[str]:
    names = [name for part in text.split(",") if (name := part.strip())]
    if len(names) > _MOST_NAMES:
        raise BadRequestData(f"attrs has at most {_MOST_NAMES} names.")
    if not OWN.isdisjoint(names):
        raise BadRequestData("attrs names attributes; use pick for id, type and scope.")
    return frozenset(context.expand(name) for name in names)


def _datasets(text: str) -> frozenset[str] | None:
    if not text:
        return None
    names = [part.strip() for part in text.split(",")]
    if not all(name == "@none" or is_uri(name) for name in names):
        raise BadRequestData("datasetId is a list of URIs, or @none for the default instances.")
    return frozenset("" if name == "@none" else name for name in names)

"""Short names and what they stand for (JSON-LD, as far as NGSI-LD's names need it).

Entities are stored under expanded names (GS CIM 009 §5.5.7), so that two publishers who mean the
same thing find it under any ``@context``. A context given as a mapping of terms is applied; one
given as a URL is not fetched: its terms expand into the default context and come back as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from services.broker.context.errors import BadRequestData

NGSI_LD: Final = "https://uri.etsi.org/ngsi-ld/"
DEFAULT: Final = "https://uri.etsi.org/ngsi-ld/default-context/"
CORE_CONTEXT_URL: Final = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld"
_LINK_PARAMETERS: Final = 'rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'

CORE_TERMS: Final[Mapping[str, str]] = {
    **{
        name: NGSI_LD + name
        for name in (
            "createdAt",
            "deletedAt",
            "location",
            "modifiedAt",
            "observationSpace",
            "operationSpace",
            "scope",
        )
    },
    "description": "http://purl.org/dc/terms/description",
    "title": "http://purl.org/dc/terms/title",
}
"""Terms of the core @context that can name an attribute; no other context can change them."""

_MOST_TERMS: Final = 2000
_FORBIDDEN: Final = frozenset("<>\"'`{}|\\^ \x7f" + "".join(map(chr, range(32))))
_MOST_NAME: Final = 500


class Context:
    """One ``@context``: the core one, and the terms that came with a request.

    Args:
        terms: short name → IRI; prefixes are terms too.
    """

    def __init__(self, terms: Mapping[str, str] | None = None) -> None:
        self._terms = {**(terms or {}), **CORE_TERMS}
        self._names = {iri: name for name, iri in self._terms.items()}
        self.url = CORE_CONTEXT_URL

    @property
    def link(self) -> str:
        """The Link field that names it (JSON-LD 1.1 §6.1)."""
        return f"<{self.url}>; {_LINK_PARAMETERS}"

    def expand(self, name: str) -> str:
        """The IRI of a name.

        Raises:
            BadRequestData: it is too long, or has characters that no IRI has.
        """
        if not 0 < len(name) <= _MOST_NAME or not _FORBIDDEN.isdisjoint(name):
            raise BadRequestData(f"{name[:80]!r} cannot be the name of a type or attribute.")
        if name in self._terms:
            return self._terms[name]
        prefix, colon, rest = name.partition(":")
        if not colon:
            return DEFAULT + name
        if prefix in self._terms and not rest.startswith("//"):
            return self._terms[prefix] + rest
        return name

    def compact(self, iri: str) -> str:
        """The name under which this context knows an IRI; the IRI where it knows none."""
        if iri in self._names:
            return self._names[iri]
        if iri.startswith(DEFAULT):
            name = iri[len(DEFAULT) :]
            return iri if name in self._terms or ":" in name else name
        return iri

    def expand_vocab(self, text: str) -> str:
        """What a VocabProperty's value stands for (GS CIM 009 §4.5.20)."""
        try:
            return self.expand(text)
        except BadRequestData:
            return DEFAULT + text  # any text is a term of the default vocabulary

    def compact_vocab(self, iri: str) -> str:
        """The text under which this context knows a VocabProperty's value."""
        return self.compact(iri)


CORE: Final = Context()


def context_of(value: Any) -> Context:
    """The context that a body's ``@context`` member gives.

    Raises:
        BadRequestData: it is neither a URL, nor a mapping, nor a list of them.
    """
    terms: dict[str, str] = {}
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, dict):
            terms.update(_terms(part))
        elif not (part is None or isinstance(part, str)):
            raise BadRequestData("@context is a URL, an object of terms, or a list of these.")
    return _of(tuple(sorted(terms.items()))) if terms else CORE


def _terms(mapping: dict[str, Any]) -> dict[str, str]:
    if len(mapping) > _MOST_TERMS:
        raise BadRequestData(f"@context has more than {_MOST_TERMS} terms.")
    found = {}
    for name, value in mapping.items():
        iri = value.get("@id") if isinstance(value, dict) else value
        if isinstance(iri, str) and not name.startswith("@"):
            found[name] = iri
    # a term's IRI may itself be written with a prefix of the same context
    return {name: _unprefixed(iri, found) for name, iri in found.items()}


def _unprefixed(iri: str, terms: Mapping[str, str]) -> str:
    prefix, colon, rest = iri.partition(":")
    if colon and prefix in terms and not rest.startswith("//"):
        return terms[prefix] + rest
    return iri


@lru_cache(maxsize=256)
def _of(terms: tuple[tuple[str, str], ...]) -> Context:
    return Context(dict(terms))

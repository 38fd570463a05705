"""Short names and what they stand for, by one compiled ``@context`` (GS CIM 009 §5.5.7).

Entities are stored under expanded names, so that two publishers who mean the same thing find it
under any ``@context``. Here names are looked up; contexts are read, fetched and compiled in
:mod:`services.broker.context.ld`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from copy import copy
from typing import Any, Final

from services.broker.context.errors import BadRequestData
from services.broker.context.ld.core import (
    CORE_CONTEXT_URL,
    CORE_PREFIXES,
    CORE_TERMS,
    DEFAULT,
    NGSI_LD,
    is_core,
)

__all__ = [
    "CORE",
    "CORE_CONTEXT_URL",
    "CORE_TERMS",
    "DEFAULT",
    "NGSI_LD",
    "Context",
    "context_link",
]

_LINK_PARAMETERS: Final = 'rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
_NOT_IN_IRIS: Final = frozenset("<>\"'`{}|\\^ \x7f" + "".join(map(chr, range(32))))
_MOST_NAME: Final = 500
_MOST_KNOWN: Final = 10_000


def context_link(url: str) -> str:
    """The Link field that names a context (JSON-LD 1.1 §6.1)."""
    return f"<{url}>; {_LINK_PARAMETERS}"


class Context:
    """One ``@context``, compiled: the terms of a request, and those of the core, which come last.

    Args:
        terms: term → IRI or keyword; None where the context says that it means nothing.
        prefixes: those of the terms that a compact IRI can begin with.
        source: the ``@context`` as it was given.

    Attributes:
        source: what an answer's body says as ``@context``; the core context is the last of it.
        url: the URL that a Link field names it by; empty where it has none.
    """

    def __init__(
        self,
        terms: Mapping[str, str | None] | None = None,
        prefixes: Collection[str] = (),
        source: Any = None,
    ) -> None:
        self._terms: dict[str, str | None] = {**(terms or {}), **CORE_TERMS}
        # of several terms for one IRI the shortest is used, and one of the core before all
        names = {self._terms[name]: name for name in (*_longest_first(terms or ()), *CORE_TERMS)}
        self._names = {iri: name for iri, name in names.items() if iri and iri[0] != "@"}
        self._prefixes = {
            name: iri
            for name in (*prefixes, *CORE_PREFIXES)
            if (iri := self._terms.get(name)) and iri[0] != "@"
        }
        self._expanded: dict[str, str] = {}
        self._compacted: dict[str, str] = {}
        own, core = _parts(source)
        self.source: Any = [*own, core] if own else core
        self.url = core if not own else _url_of(own)

    def named(self, url: str) -> Context:
        """The same context, which an answer names by this URL."""
        found = copy(self)
        found.url = url
        return found

    @property
    def link(self) -> str:
        """The Link field that names it; empty where it has no URL."""
        return context_link(self.url) if self.url else ""

    def expand(self, name: str) -> str:
        """The IRI of the name of a type or attribute.

        Raises:
            BadRequestData: it is none (§4.6.2): letters, digits and ``_``, beginning with a
                letter, after a prefix or not; or an IRI.
        """
        found = self._expanded.get(name)
        if found is None:
            found = self._expand(name)
            _remember(self._expanded, name, found)
        return found

    def _expand(self, name: str) -> str:
        if not 0 < len(name) <= _MOST_NAME or not (_is_name(name) or _is_iri(name)):
            raise BadRequestData(
                f"{name[:80]!r} cannot be the name of a type or attribute: letters, digits and _,"
                " beginning with a letter, or an IRI."
            )
        if name in self._terms and self._terms[name] is None:
            raise BadRequestData(f"{name!r} means nothing: the @context maps it to null.")
        return self.expand_vocab(name)

    def expand_vocab(self, text: str) -> str:
        """The IRI of a value that is one of a vocabulary (VocabProperty, §4.5.20)."""
        if text in self._terms:
            return self._terms[text] or text
        prefix, colon, rest = text.partition(":")
        if not colon:
            return DEFAULT + text
        if prefix in self._prefixes and not rest.startswith("//"):
            return self._prefixes[prefix] + rest
        return text

    def compact(self, iri: str) -> str:
        """The name under which this context knows an IRI; the IRI where it knows none."""
        found = self._compacted.get(iri)
        if found is None:
            found = self._compact(iri)
            _remember(self._compacted, iri, found)
        return found

    compact_vocab = compact

    def _compact(self, iri: str) -> str:
        if iri in self._names:
            return self._names[iri]
        if iri.startswith(DEFAULT):
            name = iri[len(DEFAULT) :]
            if name and name not in self._terms and ":" not in name:
                return name
        return min(self._compact_iris(iri), key=lambda name: (len(name), name), default=iri)

    def _compact_iris(self, iri: str) -> list[str]:
        return [
            f"{prefix}:{iri[len(start) :]}"
            for prefix, start in self._prefixes.items()
            # §5.5.7 has full names where no term of the user's matches
            if prefix not in CORE_PREFIXES
            and len(iri) > len(start)
            and iri.startswith(start)
            and not iri.startswith("//", len(start))
            and f"{prefix}:{iri[len(start) :]}" not in self._terms
        ]


def _longest_first(names: Collection[str]) -> list[str]:
    """So that the last one written, which stays, is the shortest and first in the alphabet."""
    return sorted(sorted(names, reverse=True), key=len, reverse=True)


def _remember(known: dict[str, str], key: str, value: str) -> None:
    if len(known) >= _MOST_KNOWN:
        known.clear()  # names that others invent must not fill the memory
    known[key] = value


def _is_name(name: str) -> bool:
    return name[0].isalpha() and name.replace("_", "").isalnum()


def _is_iri(name: str) -> bool:
    prefix, colon, rest = name.partition(":")
    return bool(colon and prefix and rest) and prefix[0].isalpha() and _NOT_IN_IRIS.isdisjoint(name)


def _url_of(own: list[Any]) -> str:
    return own[0] if len(own) == 1 and isinstance(own[0], str) else ""


def _parts(source: Any) -> tuple[list[Any], str]:
    """The parts of an ``@context`` that are not the core, and the core as it names it."""
    given = source if isinstance(source, list) else [source]
    own = [part for part in given if not is_core(part)]
    core = next((str(part) for part in given if is_core(part)), CORE_CONTEXT_URL)
    return own if any(own) else [], core


CORE: Final = Context()

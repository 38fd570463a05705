"""Names inside of texts: expanded when a subscription is stored, compacted when it is shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from services.broker.context.jsonld import CORE, Context
from services.broker.context.q import parse_q, terms

_SIGNS: Final = "(),|;{}"
_SIGN_OR_NAME: Final = re.compile(r"[(),|;{}]|[^(),|;{}]+")


class Terms(Context):
    """A context that knows the names of one subscription's conditions, and takes others for IRIs.

    Kept with the subscription, so that matching needs no context from anywhere.

    Args:
        names: short name → IRI, as :func:`terms_of` gives them.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__()
        self._own = names

    def expand(self, name: str) -> str:
        return self._own.get(name, name)

    def expand_vocab(self, text: str) -> str:
        return self.expand(text)


def rewritten(text: str, rename: Callable[[str], str]) -> str:
    """A type selection (§4.17), or a projection (§4.21), with other names."""
    parts = _SIGN_OR_NAME.findall(text)
    return "".join(p if p in _SIGNS else rename(p.strip()) for p in parts)


def expanded_values(document: Mapping[str, Any]) -> list[str]:
    """The attributes whose values in ``q`` are names too (§4.9)."""
    return [name for part in document.get("expandValues", "").split(",") if (name := part.strip())]


def terms_of(document: Mapping[str, Any], context: Context) -> dict[str, str]:
    """Every short name in ``q`` and ``geoQ``, and what it stands for."""
    names = set(document.get("geoQ", {}).get("geoproperty", "location").split("."))
    found: dict[str, str] = {}
    named = expanded_values(document)
    for term in terms(parse_q(document["q"])) if "q" in document else ():
        names.update(term.path)
        for link in term.links:
            names.update((link.relation, *link.types))
        if term.path[0] in named:
            texts = [value for value in term.values if isinstance(value, str)]
            found |= {text: context.expand_vocab(text) for text in texts}
    return found | {name: _expanded(name, context) for name in names}


def _expanded(name: str, context: Context) -> str:
    return CORE.expand(name) if name == "location" else context.expand(name)

"""From an ``@context`` and the documents that it names to a compiled context.

The rules of JSON-LD 1.1 (prefixes, ``@vocab``, ``@import``, protected terms, terms defined by other
terms) are PyLD's to apply, once per context. What it makes of them becomes a table, and names are
looked up in that: PyLD takes 3 ms to expand an entity of ten attributes, the table 2 µs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urljoin

from pyld import jsonld

from services.broker.context.errors import BadRequestData
from services.broker.context.jsonld import Context
from services.broker.context.ld.core import DEFAULT, is_core

MOST_PARTS: Final = 20
MOST_INLINE_TERMS: Final = 2_000
MOST_TERMS: Final = 50_000
_PROCESSOR: Final = jsonld.JsonLdProcessor()


def check_context(value: Any, *, most_terms: int = MOST_TERMS) -> None:
    """Whether a JSON value can be an ``@context`` at all; what its terms mean is not looked at.

    Raises:
        BadRequestData: it is no URL, no object of terms and no list of these; it is too large; or
            it has a scoped context, by which core terms could be changed (§5.5.7).
    """
    parts = value if isinstance(value, list) else [value]
    if len(parts) > MOST_PARTS:
        raise BadRequestData(f"An @context has at most {MOST_PARTS} parts.")
    for part in parts:
        if isinstance(part, dict):
            _check_terms(part, most_terms)
        elif not (part is None or (isinstance(part, str) and part)):
            raise BadRequestData("@context is a URL, an object of terms, or a list of these.")


def _check_terms(terms: dict[str, Any], most: int) -> None:
    if len(terms) > most:
        raise BadRequestData(f"An @context has at most {most} terms.")
    for name, meaning in terms.items():
        if name.startswith("@"):
            continue
        if isinstance(meaning, dict) and "@context" in meaning:
            raise BadRequestData(
                f"The term {name[:80]!r} has a scoped context; NGSI-LD has only one for the whole."
            )
        if not (meaning is None or isinstance(meaning, str | dict)):
            raise BadRequestData(f"The term {name[:80]!r} is a text, an object or null.")


def urls_in(value: Any, base: str = "") -> list[str]:
    """The URLs that an ``@context`` names, without those of the core context."""
    found = []
    for part in value if isinstance(value, list) else [value]:
        url = part.get("@import") if isinstance(part, dict) else part
        if isinstance(url, str) and not is_core(url):
            found.append(urljoin(base, url) if base else url)
    return found


def compile_context(value: Any, documents: Mapping[str, Any]) -> Context:
    """The compiled context of an ``@context``.

    Args:
        value: one that :func:`check_context` has let pass.
        documents: URL → the ``@context`` found there, for every URL that is named in it or in
            one of them.

    Raises:
        BadRequestData: it breaks a rule of JSON-LD.
    """
    active = {"processingMode": "json-ld-1.1", "mappings": {}, "@vocab": DEFAULT}
    options = {"processingMode": "json-ld-1.1", "base": "", "documentLoader": _loader(documents)}
    parts = value if isinstance(value, list) else [value]
    own = [part for part in parts if not is_core(part)]
    try:
        found = _PROCESSOR.process_context(active, {"@context": own}, options)
    except jsonld.JsonLdError as error:
        raise BadRequestData(f"The @context cannot be read: {_reason(error)}.") from error
    except (TypeError, ValueError, KeyError, RecursionError) as error:
        raise BadRequestData("The @context cannot be read as one of JSON-LD 1.1.") from error
    mappings = {name: m for name, m in found["mappings"].items() if not (m and m.get("reverse"))}
    terms = {name: m["@id"] if m else None for name, m in mappings.items()}
    prefixes = [name for name, m in mappings.items() if m and m.get("_prefix") and m["@id"]]
    return Context(terms, prefixes, value)


def _loader(documents: Mapping[str, Any]) -> Any:
    def load(url: str, _options: Any) -> dict[str, Any]:
        content = {} if is_core(url) else documents[url]
        return {"documentUrl": url, "contextUrl": None, "document": {"@context": content}}

    return load


def _reason(error: jsonld.JsonLdError) -> str:
    """The innermost error's code, which is one of JSON-LD's own (JSON-LD 1.1 API §9.6)."""
    cause: BaseException = error
    while isinstance(cause.__cause__, jsonld.JsonLdError):
        cause = cause.__cause__
    return str(getattr(cause, "code", "") or "invalid @context")

"""What an attribute of each kind can hold, brought into the form in which it is stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from services.broker.context.errors import BadRequestData
from services.broker.context.geometry import is_sound
from services.broker.context.jsonld import Context
from services.broker.context.kinds import NULL

# RFC 5646 §2.1, as far as a tag can be told from something that is none
_LANGUAGE: Final = re.compile(r"@none|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_URI: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s\x00-\x1f\x7f<>\"{}|\\^`]+")
_MOST_DEPTH: Final = 64

Check = Callable[[Any, Context, str], Any]


def is_uri(value: Any) -> bool:
    return isinstance(value, str) and _URI.fullmatch(value) is not None


def held_by(kind: str, value: Any, context: Context, where: str) -> Any:
    """The value of an attribute, checked; not for what says "remove this".

    Args:
        where: JSON Pointer, for the refusal.

    Raises:
        BadRequestData: an attribute of this kind cannot hold it.
    """
    check = _CHECKS.get(kind)
    return check(value, context, where) if check else value


def _geometry(value: Any, context: Context, where: str) -> Any:
    if isinstance(value, str):  # §4.7.2: a geometry may come as text
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            value = None
    if not is_sound(value):
        raise BadRequestData(f"{where}: a GeoProperty holds a GeoJSON geometry, in degrees.")
    return value


def _objects(value: Any, context: Context, where: str) -> Any:
    """§4.5.3: a URI, or an array of them."""
    if isinstance(value, str) and _is_target(value):
        return value
    several = isinstance(value, list) and len(value) > 0
    if not all(map(_is_target, value if several else [value])):
        raise BadRequestData(f"{where}: a Relationship points to a URI, or to an array of URIs.")
    return value


def _is_target(value: Any) -> bool:
    return is_uri(value) and value != NULL


def _object_list(value: Any, context: Context, where: str) -> Any:
    """§4.5.22: objects with one ``object``, or in short the URIs themselves."""
    if not isinstance(value, list):
        raise BadRequestData(f"{where}: a ListRelationship holds an array.")
    found = [item if isinstance(item, dict) else {"object": item} for item in value]
    if not all(len(item) == 1 and _is_target(item.get("object")) for item in found):
        raise BadRequestData(f"{where}: an objectList is made of objects whose object is a URI.")
    return found


def _language_map(value: Any, context: Context, where: str) -> Any:
    if not isinstance(value, dict) or not value:
        raise BadRequestData(f"{where}: a languageMap is an object, language tag → text.")
    for tag, text in value.items():
        if not _LANGUAGE.fullmatch(tag):
            raise BadRequestData(f"{where}: {tag[:40]!r} is no language tag (RFC 5646).")
        if not _is_text(text):
            raise BadRequestData(f"{where}/{tag}: is a text, or an array of texts.")
    return value


def _vocab(value: Any, context: Context, where: str) -> Any:
    """§4.5.20: terms, kept as what they stand for."""
    if not value or not _is_text(value):
        raise BadRequestData(f"{where}: a vocab is a text, or an array of texts.")
    if isinstance(value, str):
        return context.expand_vocab(value)
    return [context.expand_vocab(text) for text in value]


def _list(value: Any, context: Context, where: str) -> Any:
    if not isinstance(value, list):
        raise BadRequestData(f"{where}: a valueList is an array.")
    return value


def _is_text(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, str) for item in value)
    return isinstance(value, str)


_CHECKS: Final[Mapping[str, Check]] = {
    "GeoProperty": _geometry,
    "Relationship": _objects,
    "ListRelationship": _object_list,
    "LanguageProperty": _language_map,
    "VocabProperty": _vocab,
    "ListProperty": _list,
}


def has_nested_null(value: dict[str, Any] | list[Any], depth: int = 0) -> bool:
    """Whether a member of an object in ``value`` is ``urn:ngsi-ld:null`` (§5.5.4).

    Raises:
        BadRequestData: it is nested deeper than anything that says something.
    """
    if depth > _MOST_DEPTH:
        raise BadRequestData(f"A value is nested at most {_MOST_DEPTH} deep.")
    found = isinstance(value, dict) and NULL in value.values()
    for member in value.values() if isinstance(value, dict) else value:
        if isinstance(member, (dict, list)) and has_nested_null(member, depth + 1):
            found = True  # and on, to see how deep the rest is
    return found

"""A Query in a body (GS CIM 009 §5.2.23): checked, and said as the parameters it stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from services.broker.context.errors import BadRequestData

_MOST_SELECTORS: Final = 20


def as_parameters(body: Any) -> tuple[dict[str, str], list[dict[str, Any]] | None]:
    """The parameters of §6.4.3.2 that a Query says, and its EntitySelectors.

    Raises:
        BadRequestData: it is none.
    """
    if not isinstance(body, dict) or body.get("type") != "Query":
        raise BadRequestData('A query is a JSON object with the type "Query".')
    found = {name: read(body[name], f"/{name}") for name, read in _MEMBERS.items() if name in body}
    if "geoQ" in body:
        found |= _members(body["geoQ"], "/geoQ", _GEO)
    if "ordering" in body:
        found |= _members(body["ordering"], "/ordering", _ORDERING)
    return found, _selectors(body["entities"]) if "entities" in body else None


def _selectors(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_SELECTORS:
        raise BadRequestData(f"/entities: is an array of 1 to {_MOST_SELECTORS} EntitySelectors.")
    return [_selector(item, f"/entities/{index}") for index, item in enumerate(value)]


def _selector(value: Any, where: str) -> dict[str, Any]:
    found = _members(value, where, _SELECTOR)
    if "type" not in found:
        raise BadRequestData(f"{where}/type: is missing; it may be *.")
    return found


def _members(value: Any, where: str, readers: Mapping[str, tuple[str, _Read]]) -> dict[str, str]:
    if not isinstance(value, dict):
        raise BadRequestData(f"{where}: is a JSON object.")
    return {
        parameter: read(value[name], f"{where}/{name}")
        for name, (parameter, read) in readers.items()
        if name in value
    }


_Read = Callable[[Any, str], str]


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value or "\x00" in value:
        raise BadRequestData(f"{where}: is a text.")
    return value


def _texts(value: Any, where: str) -> str:
    if not isinstance(value, list) or not value:
        raise BadRequestData(f"{where}: is an array of texts that is not empty.")
    return ",".join(_text(item, f"{where}/{index}") for index, item in enumerate(value))


def _text_or_texts(value: Any, where: str) -> str:
    return _texts(value, where) if isinstance(value, list) else _text(value, where)


def _number(value: Any, where: str) -> str:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadRequestData(f"{where}: is a whole number above 0.")
    return str(value)


def _flag(value: Any, where: str) -> str:
    if not isinstance(value, bool):
        raise BadRequestData(f"{where}: is true or false.")
    return str(value).lower()


def _coordinates(value: Any, where: str) -> str:
    """§5.2.13: a JSON array, or the text of one."""
    if isinstance(value, list):
        return orjson.dumps(value).decode()
    return _text(value, where)


_MEMBERS: Final[Mapping[str, _Read]] = {
    "q": _text,
    "scopeQ": _text,
    "attrs": _texts,
    "pick": _texts,
    "omit": _texts,
    "csf": _text,
    "containedBy": _texts,
    "datasetId": _texts,
    "expandValues": _text_or_texts,
    "jsonKeys": _text_or_texts,
    "join": _text,
    "joinLevel": _number,
    "lang": _text,
    "splitEntities": _flag,
    "entityMap": _flag,
}
_GEO: Final[Mapping[str, tuple[str, _Read]]] = {
    "georel": ("georel", _text),
    "geometry": ("geometry", _text),
    "coordinates": ("coordinates", _coordinates),
    "geoproperty": ("geoproperty", _text),
}
_ORDERING: Final[Mapping[str, tuple[str, _Read]]] = {
    "orderBy": ("orderBy", _texts),
    "collation": ("collation", _text),
    "coordinates": ("orderFrom", _coordinates),
    "geometry": ("orderGeometry", _text),
}
_SELECTOR: Final[Mapping[str, tuple[str, _Read]]] = {
    "type": ("type", _text),
    "id": ("id", _text_or_texts),
    "idPattern": ("idPattern", _text),
}

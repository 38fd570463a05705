"""Where notifications go: Endpoint (GS CIM 009 §5.2.15), KeyValuePair (§5.2.22)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from services.broker.context.errors import BadRequestData, OperationNotSupported
from services.broker.context.jsonld import Context
from services.broker.subscriptions import fields
from services.broker.subscriptions.fields import Check

ACCEPTED: Final = ("application/json", "application/ld+json", "application/geo+json")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE: Final = re.compile(r"[\x20-\x7e\x80-\xff\t]{0,4000}")
_OURS: Final = frozenset(
    ("host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer")
)
"""Header fields that belong to the connection: nobody else's to set (RFC 9110 §7.6.1)."""


def _uri(value: Any, where: str, context: Context) -> str:
    """An address that is spoken: ``http`` and ``https``; a place for ``mqtt`` is here."""
    found = fields.uri(value, where, context)
    parts = urlsplit(found)
    scheme = parts.scheme.lower()
    if scheme in ("mqtt", "mqtts"):
        raise OperationNotSupported(
            f"{where}: notifications over MQTT (§7) are not offered; give an http(s) URL."
        )
    if scheme not in ("http", "https") or not parts.hostname:
        raise BadRequestData(f"{where}: is an http or https URL.")
    return found


def _pair(value: Any, where: str, context: Context) -> dict[str, str]:
    if not isinstance(value, dict):
        raise BadRequestData(f"{where}: is an object with key and value.")
    found = {name: value.get(name) for name in ("key", "value")}
    for name, item in found.items():
        if not isinstance(item, str) or not item:
            raise BadRequestData(f"{where}/{name}: is a text.")
    return {"key": str(found["key"]), "value": str(found["value"])}


def _header(value: Any, where: str, context: Context) -> dict[str, str]:
    """A pair that becomes a header field (§6.3.8, RFC 9110 §5)."""
    pair = _pair(value, where, context)
    if not _TOKEN.fullmatch(pair["key"]) or pair["key"].lower() in _OURS:
        raise BadRequestData(f"{where}/key: is no header field that can be set.")
    if not _VALUE.fullmatch(pair["value"]):
        raise BadRequestData(f"{where}/value: is no value of a header field.")
    return pair


_CHECKS: Final[Mapping[str, Check]] = {
    "uri": _uri,
    "accept": fields.one_of(*ACCEPTED),
    "cooldown": fields.positive,
    "timeout": fields.positive,
    "receiverInfo": fields.array_of(_header),
    "notifierInfo": fields.array_of(_pair),
}


def endpoint(value: Any, where: str, context: Context) -> dict[str, Any]:
    """An Endpoint.

    Raises:
        BadRequestData: §5.2.15 is not met.
        OperationNotSupported: a protocol that is not spoken.
    """
    found = fields.members(value, _CHECKS, where, context)
    fields.needs(found, where, "uri")
    return found

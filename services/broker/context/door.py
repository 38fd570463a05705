"""What holds for every request to the NGSI-LD API, before it is routed (GS CIM 009 §6.3)."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIX: Final = "/ngsi-ld/v1"
_SLASH: Final = "\ue02f"
"""Stands for a slash inside a segment of a path while routes are matched; no URI has it."""


def is_ours(path: str) -> bool:
    return path == PREFIX or path.startswith(f"{PREFIX}/")


class Door:
    """ASGI middleware of the NGSI-LD API.

    A path may end in a slash, and its parts may have encoded ones: ids are URIs. HEAD is answered
    as GET. A body needs its length. The tenant that a request names is named in the answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_ours(scope["path"]):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if tenant := headers.get("ngsild-tenant", ""):
            send = _Naming(send, tenant).send
        if scope["method"] in ("POST", "PUT", "PATCH") and "content-length" not in headers:
            await Response(status_code=411)(scope, receive, send)
            return
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        await self._app({**scope, "method": method, "path": _path(scope)}, receive, send)


class _Naming:
    __slots__ = ("_send", "_tenant")

    def __init__(self, send: Send, tenant: str) -> None:
        self._send, self._tenant = send, tenant

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(raw=message["headers"])["NGSILD-Tenant"] = self._tenant
        await self._send(message)


def _path(scope: Scope) -> str:
    """The path, decoded so that an encoded slash does not part what it is in."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    segments = raw.partition(b"?")[0].rstrip(b"/").split(b"/")
    decoded = [unquote_to_bytes(segment).decode("utf-8", "replace") for segment in segments]
    return "/".join(segment.replace("/", _SLASH) for segment in decoded)


def restore_slashes(scope: Scope) -> None:
    """Give a matched route's path parameters the slashes that were encoded in them."""
    found = scope["path_params"]
    found.update({name: value.replace(_SLASH, "/") for name, value in found.items()})

"""The broker by itself: whoever reaches it may do everything, and no token is asked for."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from schemas import headers
from schemas.scopes import (
    ENTITIES_PERSONAL,
    ENTITIES_READ,
    ENTITIES_WRITE,
    EVENTS_PERSONAL,
    EVENTS_PUBLISH,
    EVENTS_READ,
)

CLIENT: Final = "standalone"
_SCOPES: Final = (
    ENTITIES_READ,
    ENTITIES_WRITE,
    ENTITIES_PERSONAL,
    EVENTS_READ,
    EVENTS_PUBLISH,
    EVENTS_PERSONAL,
)


class Trusting:
    """ASGI middleware: every caller is one client with all scopes, whatever it says itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._identity = [
            (headers.CLIENT.encode(), CLIENT.encode()),
            (headers.SCOPE.encode(), " ".join(_SCOPES).encode()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            prefix = headers.PREFIX.encode()
            kept = [pair for pair in scope["headers"] if not pair[0].startswith(prefix)]
            scope = {**scope, "headers": [*kept, *self._identity]}
        await self._app(scope, receive, send)

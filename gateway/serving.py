"""Running an ASGI application as a process of the city."""

from __future__ import annotations

import gc
import logging
import socket
from typing import Any

import uvicorn

logger = logging.getLogger(__name__)

_YOUNG_OBJECTS = 20_000
_GRACE = 10  # seconds for requests in flight when the process is told to end


class _Server(uvicorn.Server):
    """Ends long-polls and streams first, which would otherwise be waited for.

    An application that has such answers sets ``app.state.drain`` to a coroutine function.
    """

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        _spare_the_collector()
        for server in self.servers if self.started else ():
            for listener in server.sockets:
                host, port = listener.getsockname()[:2]
                logger.info("listening on http://%s:%s", f"[{host}]" if ":" in host else host, port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        drain = getattr(getattr(self.config.app, "state", None), "drain", None)
        if drain:
            await drain()
        await super().shutdown(sockets)


def _spare_the_collector() -> None:
    """What lives as long as the process need not be looked at again, again and again.

    Little of what a request makes is left to the collector: it may look less often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 10, 10)


def serve(app: Any, host: str, port: int) -> None:
    """Serve ``app`` until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_config=None,
        timeout_graceful_shutdown=_GRACE,
    )
    _Server(config).run()


def configure_logging() -> None:
    """Lines on stderr, and nothing from libraries that would write tokens or addresses."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in ("alembic", "authlib", "httpx", "httpcore", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)

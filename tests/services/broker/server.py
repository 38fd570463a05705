"""A broker in a process of its own: the one that tests kill."""

from __future__ import annotations

import uvicorn

from services.broker.app import create_broker
from tests.services.broker.domain import registered


def serve(port: int, store: str, log: str, deliver_to: str = "", *, alone: bool = False) -> None:
    """Serve until told to stop.

    Args:
        alone: it knows no domain but that of the tests.
    """
    with registered(alone=alone):
        app = create_broker(store_url=store, log_url=log, deliver_to=deliver_to)
        uvicorn.run(app, port=port, log_level="critical", timeout_graceful_shutdown=1)

"""A broker for ``uvicorn --factory``: the process that tests kill."""

from __future__ import annotations

import os
from contextlib import ExitStack

from fastapi import FastAPI

from services.broker.app import create_broker
from tests.services.broker.domain import registered

_for_ever = ExitStack()


def create() -> FastAPI:
    _for_ever.enter_context(registered(alone="TEST_ALONE" in os.environ))
    return create_broker(
        store_url=os.environ["TEST_STORE"],
        log_url=os.environ["TEST_LOG"],
        deliver_to=os.environ.get("TEST_DELIVER_TO", ""),
    )

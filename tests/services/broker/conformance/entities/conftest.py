"""One broker for all these tests, on SQLite and on PostgreSQL; every test has ids of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from services.broker.app import create_broker
from tests.services.broker.conformance.entities.entity import Api
from tests.services.broker.running import DEADLINE, OPEN


@pytest.fixture(scope="package", params=["sqlite", "postgres"])
def http(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    folder: Path = tmp_path_factory.mktemp("broker")
    if request.param == "postgres":
        store_url = str(request.getfixturevalue("postgres_server").database())
    else:
        store_url = f"sqlite+aiosqlite:///{folder}/store"
    app = create_broker(store_url=store_url, log_url=f"sqlite:///{folder}/log/log.db")
    headers = {"x-city-client": "tests", "x-city-scope": OPEN}
    with serving(app) as url, httpx.Client(base_url=url, headers=headers, timeout=30) as client:
        yield client


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """``app`` on a port of its own, in a thread: tests and broker share no event loop."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + DEADLINE
    while not server.started:
        assert thread.is_alive(), "the broker did not start"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(DEADLINE)


@pytest.fixture
def api(http: httpx.Client) -> Api:
    """The broker, as a test that speaks of one entity wants it."""
    return Api(http, f"urn:ngsi-ld:Vehicle:{uuid4()}")

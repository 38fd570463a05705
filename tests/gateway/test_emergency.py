"""An operator's one call, through the gateway, and every worker follows: control plane and all."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from gateway.control.app import create_control
from tests.gateway.cli.conftest import SECRET
from tests.gateway.cli.shell import listen
from tests.gateway.core.telemetry.test_telemetry import samples
from tests.gateway.test_worker import PROGRAM, Running, eventually, free_port

WORKERS = 4
PATH = "/control/v1/emergency"


@dataclass
class Plane:
    """A control plane in a thread, which can be stopped."""

    server: uvicorn.Server
    thread: threading.Thread

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)


@dataclass
class City:
    """A gateway of several workers, its control plane, and an operator."""

    gateway: Running
    plane: Plane
    operator: httpx.AsyncClient

    async def in_force(self) -> float:
        """Workers in which an emergency of level ``severe`` is in force."""
        found = samples((await self.gateway.page("/metrics")).body)
        return found.get(("emergency", "severe"), 0.0)

    async def declare(self, seconds: float) -> httpx.Response:
        until = datetime.now(UTC) + timedelta(seconds=seconds)
        body = {"reason": "Earthquake", "until": until.isoformat(), "level": "severe"}
        return await self.operator.post(PATH, json=body)

    async def follows(self, workers: int) -> None:
        """Wait until so many workers are in it."""

        async def there() -> bool:
            return await self.in_force() == workers

        await eventually(there)


def served(folder: Path, gateway_port: int) -> tuple[Plane, str]:
    bootstrap = folder / "bootstrap.json"
    operator = {
        "client_id": "operator",
        "client_secret": SECRET,
        "client_class": "operator",
        "scopes": ["operator:emergency"],
    }
    bootstrap.write_text(json.dumps({"clients": [operator]}))
    listener, url = listen()
    app = create_control(
        public_url=f"http://127.0.0.1:{gateway_port}",
        store_url=f"sqlite+aiosqlite:///{folder}/store",
        master_key=b"p" * 32,
        gateway_key="gateway-key-of-the-tests",
        bootstrap=bootstrap,
        gateway_url="http://127.0.0.1:1",
        own_url=url,
    )
    config = uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    return Plane(server, thread), url


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[City]:
    port, admin = free_port(), free_port()
    plane, url = await asyncio.to_thread(served, folder, port)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(port), str(admin), url.rpartition(":")[2], str(folder),
        str(WORKERS), "local://", "",
    )  # fmt: skip
    gateway = Running(port, admin, process)
    try:
        await eventually(gateway.ready)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            city = City(gateway, plane, http)
            await eventually(lambda: _all_ready(gateway))
            http.headers["authorization"] = f"Bearer {await _token(http)}"
            yield city
    finally:
        process.terminate()
        await process.wait()
        await asyncio.to_thread(plane.stop)


async def _all_ready(gateway: Running) -> bool:
    found = samples((await gateway.page("/metrics")).body)
    return found.get(("policies_applied_total",), 0) >= WORKERS


async def _token(http: httpx.AsyncClient) -> str:
    form = {"grant_type": "client_credentials"}
    answer = await http.post("/oauth/token", data=form, auth=("operator", SECRET))
    said: dict[str, Any] = answer.json()
    return str(said["access_token"])


async def test_it_is_in_force_on_every_worker_within_a_second_and_ends_so(tmp_path: Path) -> None:
    begins, ends = [], []
    async with running(tmp_path) as city:
        for _ in range(4):  # the best is the platform's, the others are the machine's
            began = time.monotonic()
            answer = await city.declare(3600)
            assert answer.status_code == 201, answer.text
            await city.follows(WORKERS)
            begins.append(time.monotonic() - began)

            # the operator is let through, however severe it is
            assert (await city.operator.get(PATH)).json() == answer.json()
            began = time.monotonic()
            assert (await city.operator.delete(PATH)).status_code == 204
            await city.follows(0)
            ends.append(time.monotonic() - began)
    assert min(begins) < 1.0, begins
    assert min(ends) < 1.0, ends


async def test_it_ends_by_itself_with_the_control_plane_gone(tmp_path: Path) -> None:
    async with running(tmp_path) as city:
        ends = time.time() + 5
        assert (await city.declare(5)).status_code == 201
        await city.follows(WORKERS)
        await asyncio.to_thread(city.plane.stop)
        assert (await city.operator.get("/catalogue/v1/apis")).status_code == 502
        assert await city.in_force() == WORKERS, "the control plane's end does not end it"
        await city.follows(0)
        assert ends - 1.1 < time.time() < ends + 2

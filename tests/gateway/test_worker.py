"""The gateway as a process: workers that share a port, die and drain; what operators see."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.worker import GatewayConfig, run
from schemas.policy import Snapshot
from schemas.workers import WORKERS
from tests.gateway.core.certificates import Authority
from tests.gateway.core.city import (
    Api,
    Raw,
    Reply,
    always,
    api,
    read_request,
    request,
    route,
    snapshot,
    token,
)
from tests.gateway.core.proofs import Holder, asking

PROGRAM = """
import sys
from pathlib import Path
from gateway.worker import GatewayConfig, run
port, admin, control, state, workers, limits, otlp, *tls = sys.argv[1:]
cert, key = tls or ("", "")
run(GatewayConfig(
    host="127.0.0.1", port=int(port), workers=int(workers), admin_host="127.0.0.1",
    admin_port=int(admin), control_url=f"http://127.0.0.1:{control}", state_dir=Path(state),
    gateway_key=b"gateway-key-of-the-tests", pairwise_key=b"p" * 32,
    access_log=str(Path(state) / "access.log"), drain_seconds=10, limits_url=limits, otlp_url=otlp,
    tls_cert=cert, tls_key=key))
"""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Plane:
    """The control plane, as far as workers know it: it tells a policy, and waits for the next."""

    def __init__(self, policy: Snapshot) -> None:
        self._changed = asyncio.Event()
        self.policy = policy
        self.workers: dict[str, dict[str, Any]] = {}
        self.drain: set[str] = set()

    def change(self, policy: Snapshot) -> None:
        """``policy`` is in force, of another revision than the one before."""
        self.policy = policy
        self._changed.set()
        self._changed = asyncio.Event()

    async def answer(self, api: Api, reader: StreamReader, writer: StreamWriter) -> None:
        changed = self._changed
        asked = await read_request(api, reader)
        if asked.startswith(f"POST {WORKERS} ".encode()):
            await self._report(orjson.loads(api.bodies[-1]), writer)
            return
        if f'"{self.policy["revision"]}"'.encode() in asked:
            await changed.wait()
        text = orjson.dumps(self.policy)
        etag = self.policy["revision"].encode()
        head = b'HTTP/1.1 200 OK\r\nETag: "%b"\r\nContent-Length: %d\r\n\r\n'
        writer.write(head % (etag, len(text)) + text)
        await writer.drain()

    async def _report(self, report: dict[str, Any], writer: StreamWriter) -> None:
        self.workers[report["worker"]] = report
        order = orjson.dumps({"drain": report["worker"] in self.drain})
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(order), order))
        await writer.drain()

    def living(self) -> list[dict[str, Any]]:
        """The workers that have told of themselves, and not that they end."""
        return [one for one in self.workers.values() if not one["gone"]]


@dataclass
class Running:
    """A gateway in a process of its own."""

    port: int
    admin: int
    process: asyncio.subprocess.Process
    plane: Plane | None = None

    async def ask(self, sent: bytes, port: int = 0) -> Reply:
        raw = Raw(*await asyncio.open_connection("127.0.0.1", port or self.port))
        try:
            raw.writer.write(sent)
            return await raw.reply()
        finally:
            raw.writer.close()

    async def page(self, path: str) -> Reply:
        return await self.ask(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode(), self.admin)

    async def ready(self) -> bool:
        try:
            return (await self.page("/readyz")).status == 200
        except OSError:
            return False

    async def workers(self) -> list[int]:
        """Process ids of the workers."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in found.split()]


@asynccontextmanager
async def running(
    state: Path,
    policy: Snapshot,
    workers: int,
    *tls: Path,
    limits: str = "local://",
    otlp: str = "",
) -> AsyncIterator[Running]:
    plane = Plane(policy)
    async with api(plane.answer) as control:
        port, admin = free_port(), free_port()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, str(port), str(admin), str(control.port), str(state),
            str(workers), limits, otlp, *map(str, tls),
        )  # fmt: skip
        found = Running(port, admin, process, plane)
        try:
            await eventually(found.ready)
            yield found
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def eventually(condition: object, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # type: ignore[operator]
            await asyncio.sleep(0.05)


async def test_workers_share_the_port_die_and_come_back_and_drain(tmp_path: Path) -> None:
    async with api() as behind, running(tmp_path, snapshot(behind.port), 2) as city:
        good = token()
        for _ in range(40):
            assert (await city.ask(request("/stops", good))).status == 200
        metrics = (await city.page("/metrics")).body.decode()
        wanted = (
            'supercity_gateway_requests_total{client_class="partner",route="test.get-stops",'
            'status="2xx"} 40.0'
        )
        assert wanted in metrics
        assert "supercity_gateway_workers 2.0" in metrics
        assert (await city.page("/healthz")).status == 200
        assert (await city.page("/nothing")).status == 404

        # a proof of possession is good once, whichever worker gets it
        holder = Holder()
        bound = holder.token()
        asked = asking(bound, holder.proof(holder.claims(bound)))
        statuses = [
            each.status for each in await asyncio.gather(*(city.ask(asked) for _ in range(16)))
        ]
        assert sorted(statuses) == [200, *[401] * 15]

        # a worker is killed: another takes its place, and what it had counted stays counted
        before = await city.workers()
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)

        async def replaced() -> bool:
            now = await city.workers()
            return len(now) == 2 and now != before

        await eventually(replaced)
        await eventually(city.ready)

        async def answers() -> bool:
            return (await city.ask(request("/stops", good))).status == 200

        for _ in range(10):
            await eventually(answers)

        # told to stop: what is kept open is ended with an answer, and the process ends well
        raw = Raw(*await asyncio.open_connection("127.0.0.1", city.port))
        raw.writer.write(request("/open", "", "X-Request-Id: the-last-one"))
        assert (await raw.reply()).status == 200
        city.process.send_signal(signal.SIGTERM)

        async def draining() -> bool:
            try:
                return (await city.page("/readyz")).status == 503
            except OSError:
                return True

        await eventually(draining)
        assert await raw.ended()
        raw.writer.close()
        assert await asyncio.wait_for(city.process.wait(), 15) == 0
        log = list(map(orjson.loads, (tmp_path / "access.log").read_bytes().splitlines()))
        ids = {line["request_id"] for line in log}
        assert "the-last-one" in ids, "it was written before the end"
        assert (tmp_path / "policy.json").exists()


async def test_it_starts_on_the_last_good_policy_without_a_control_plane(tmp_path: Path) -> None:
    async with api() as behind:
        (tmp_path / "policy.json").write_bytes(orjson.dumps(snapshot(behind.port)))
        port, admin = free_port(), free_port()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, str(port), str(admin), str(free_port()),
            str(tmp_path), "1", "local://", "",
        )  # fmt: skip
        city = Running(port, admin, process)
        try:
            await eventually(city.ready)
            assert (await city.ask(request("/stops", token()))).status == 200
            assert (await city.ask(request("/open"))).status == 200
        finally:
            process.terminate()
            assert await asyncio.wait_for(process.wait(), 15) == 0


async def test_workers_take_a_changed_certificate_without_a_restart(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    files = authority.issue()

    async def shown() -> object:
        """The certificate of one more connection, on which a request is answered."""
        raw = Raw(
            *await asyncio.open_connection(
                "127.0.0.1", city.port, ssl=authority.client(), server_hostname="localhost"
            )
        )
        raw.writer.write(request("/open"))
        assert (await raw.reply()).status == 200
        raw.writer.close()
        return raw.writer.get_extra_info("peercert")["serialNumber"]

    async with (
        api() as behind,
        running(tmp_path, snapshot(behind.port), 2, files.cert, files.key) as city,
    ):
        workers = await city.workers()
        before = await shown()
        authority.issue()

        async def changed() -> bool:
            return before not in [await shown() for _ in range(8)]

        await eventually(changed)
        metrics = (await city.page("/metrics")).body
        assert b"supercity_gateway_tls_reloads_total 2.0" in metrics
        assert b"supercity_gateway_tls_not_after_seconds" in metrics
        assert await city.workers() == workers


async def test_workers_are_replaced_under_load_without_a_failed_request(tmp_path: Path) -> None:
    async with (
        api() as behind,
        running(tmp_path, snapshot(behind.port), 2) as city,
    ):
        before = set(await city.workers())
        good, done = token(), asyncio.Event()
        answered = 0

        async def new_connections() -> None:
            nonlocal answered
            while not done.is_set():
                assert (await city.ask(request("/stops", good))).status == 200
                answered += 1

        async def one_connection() -> None:
            """Kept for as long as the gateway does not say that it ends."""
            nonlocal answered
            while not done.is_set():
                raw = Raw(*await asyncio.open_connection("127.0.0.1", city.port))
                open_ = True
                while open_ and not done.is_set():
                    raw.writer.write(request("/stops", good))
                    reply = await raw.reply()
                    assert reply.status == 200
                    answered += 1
                    open_ = "connection" not in reply.fields
                raw.writer.close()

        load = [asyncio.create_task(one()) for one in (new_connections, one_connection) * 4]

        async def replaced() -> bool:
            now = set(await city.workers())
            return len(now) == 2 and not now & before

        city.process.send_signal(signal.SIGHUP)
        await eventually(replaced)
        done.set()
        await asyncio.gather(*load)
        wanted = (
            'supercity_gateway_requests_total{client_class="partner",route="test.get-stops",'
            f'status="2xx"}} {answered}.0'
        )
        assert wanted in (await city.page("/metrics")).body.decode(), "what is counted stays so"


async def test_a_worker_that_is_told_to_drain_is_replaced_without_a_failed_request(
    tmp_path: Path,
) -> None:
    async with api() as behind, running(tmp_path, snapshot(behind.port), 2) as city:
        plane, good = city.plane, token()
        assert plane is not None

        async def both_known() -> bool:
            here = sorted((one["number"], one["revision"]) for one in plane.living())
            return here == [(0, "r1"), (1, "r1")]

        await eventually(both_known)
        assert {one["address"] for one in plane.living()} == {f"127.0.0.1:{city.port}"}
        leaving = next(one["worker"] for one in plane.living() if one["number"] == 1)
        staying = next(one["worker"] for one in plane.living() if one["number"] == 0)
        plane.drain.add(leaving)

        async def replaced() -> bool:
            assert (await city.ask(request("/stops", good))).status == 200
            return plane.workers[leaving]["gone"] and await both_known()

        await eventually(replaced)
        assert plane.workers[leaving]["draining"], "its last word: it had stopped to accept"
        assert staying in {one["worker"] for one in plane.living()}, "nobody else had to go"


async def test_a_purge_reaches_every_worker(tmp_path: Path) -> None:
    kept = b"HTTP/1.1 200 OK\r\ncache-control: max-age=3600\r\ncontent-length: 2\r\n\r\nok"
    routes = [route("/shelters", access="open", cache={}, dataset="shelters")]
    workers = 4
    async with api(always(kept)) as behind:
        policy = snapshot(behind.port, routes=routes)
        async with running(tmp_path, policy, workers) as city:

            async def asked_by_all(times: int) -> bool:
                """Whether each worker has asked so many times, as what it keeps is asked for."""
                for _ in range(10):
                    assert (await city.ask(request("/shelters"))).body == b"ok"
                return len(behind.heads) == times * workers

            await eventually(lambda: asked_by_all(1))
            assert await asked_by_all(1), "from then on it is kept by all"
            assert city.plane is not None
            purged = {"dataset:shelters": 1_764_000_000_000}
            city.plane.change(snapshot(behind.port, revision="r2", routes=routes, purged=purged))
            await eventually(lambda: asked_by_all(2))
            assert await asked_by_all(2)
            assert b"supercity_gateway_cache_purges_total 4.0" in (await city.page("/metrics")).body


def config(**changes: object) -> GatewayConfig:
    given: dict[str, object] = {
        "host": "127.0.0.1", "port": 1, "workers": 1, "admin_host": "127.0.0.1", "admin_port": 1,
        "control_url": "http://127.0.0.1:1", "state_dir": Path(), "gateway_key": b"secret",
        "pairwise_key": b"secret" * 6, **changes,
    }  # fmt: skip
    return GatewayConfig(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"workers": 0},
        {"limits_url": "memcached://x"},
        {"tls_cert": "/nowhere/cert.pem"},
        {"tls_cert": "/nowhere/cert.pem", "tls_key": "/nowhere/key.pem"},
    ],
)
def test_a_configuration_that_cannot_be_is_refused_at_once(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"worker|limits|key|cert"):
        run(config(**change))


def test_keys_are_not_shown() -> None:
    assert "secret" not in repr(config())

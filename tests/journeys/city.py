"""A whole city, started as anybody starts it, and used over HTTP only."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import httpx

from gateway.up.plan import Ports
from gateway.up.ports import taken

ROOT = Path(__file__).parents[2]
_UP = "Ctrl-C stops everything."
_START_SECONDS = 100

_T = TypeVar("_T")


def free_base() -> int:
    """A base for a city's ports, below the range the system gives out to clients."""
    for base in random.sample(range(20_000, 30_000, 10), 200):
        if not taken(Ports(base).all()):
            return base
    raise RuntimeError("no six free ports between 20000 and 31000")


@dataclass
class City:
    """A running city.

    Attributes:
        url: of its gateway.
        folder: its data folder.
        guide: what it printed when it was up.
        process: ``supercity up`` itself.
    """

    url: str
    folder: Path
    guide: str
    process: subprocess.Popen[str]
    seconds_to_start: float
    _tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    def curls(self) -> list[str]:
        """The four lines to paste."""
        return re.findall(r"^(?:TOKEN=\$\()?curl .*$", self.guide, re.MULTILINE)

    def secret(self, client_id: str) -> str:
        held = json.loads((self.folder / "secrets.json").read_text())
        return str(held["clients"][client_id])

    def password(self, resident: str) -> str:
        held = json.loads((self.folder / "secrets.json").read_text())
        return str(held["residents"][resident])

    def token(self, client_id: str = "sample-app", secret: str = "", scope: str = "") -> str:
        """An access token under the client credentials grant."""
        if (client_id, scope) not in self._tokens:
            form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
            auth = (client_id, secret or self.secret(client_id))
            answer = httpx.post(f"{self.url}/oauth/token", data=form, auth=auth)
            assert answer.status_code == 200, answer.text
            self._tokens[client_id, scope] = answer.json()["access_token"]
        return self._tokens[client_id, scope]

    def client(self, client_id: str = "sample-app", **options: Any) -> httpx.Client:
        """A client of the open API, with a token."""
        return self.bearer(self.token(client_id), **options)

    def bearer(self, token: str, **options: Any) -> httpx.Client:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=15, **options)

    def register(self, scope: str, **more: Any) -> tuple[str, str]:
        """Register a client as an operator does; its id and secret."""
        asked = {"client_name": "journey", "scope": scope, "client_class": "service", **more}
        with self.client("operator") as operator:
            made = operator.post("/control/v1/clients", json=asked)
        assert made.status_code == 201, made.text
        return made.json()["client_id"], made.json()["client_secret"]

    def entities(self, entity_type: str, token: str = "", **query: str) -> list[dict[str, Any]]:
        """All entities of a type that the broker shows, simplified."""
        found: list[dict[str, Any]] = []
        with self.bearer(token or self.token()) as http:
            while True:
                asked = {"type": entity_type, "options": "keyValues", "limit": "500", **query}
                page = http.get("/ngsi-ld/v1/entities", params={**asked, "offset": len(found)})
                assert page.status_code == 200, page.text
                found += page.json()
                if len(page.json()) < 500:
                    return found

    def kill(self, name: str) -> int:
        """End one of its processes by SIGKILL; the process id that it had."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def pid(self, name: str) -> int:
        """Of the process with a name; 0 while there is none."""
        parent = self.process.pid
        for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
            with suppress(OSError):  # it has ended in the meantime
                if Path(f"/proc/{child}/cmdline").read_bytes().endswith(f"\0{name}\0".encode()):
                    return int(child)
        return 0

    def log(self, name: str) -> str:
        return (self.folder / "logs" / f"{name}.log").read_text(errors="replace")


def start_city(folder: Path, *options: str, base: int = 0) -> City:
    """``supercity up``, waited for.

    Args:
        options: further ones of ``supercity up``.
        base: of its ports; free ones are taken when left out.
    """
    base = base or free_base()
    output = folder / "up.out"
    started = time.monotonic()
    with output.open("w") as out:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gateway.cli", "up"),
                *("--data-dir", str(folder), "--port-base", str(base), *options),
            ],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    try:
        until(
            lambda: _UP in output.read_text() or process.poll() is not None,
            _START_SECONDS,
            lambda: output.read_text(),
        )
        assert process.poll() is None, output.read_text()
    except BaseException:
        _make_sure_it_ended(process)
        raise
    seconds = time.monotonic() - started
    return City(f"http://127.0.0.1:{base}", folder, output.read_text(), process, seconds)


@contextmanager
def running_city(folder: Path, *options: str, base: int = 0) -> Iterator[City]:
    """A city that is stopped at the end as by Ctrl-C; and that is checked."""
    city = start_city(folder, *options, base=base)
    try:
        yield city
        city.process.send_signal(signal.SIGINT)
        said = folder / "up.out"
        assert city.process.wait(30) == 0, said.read_text()
        assert "did not end" not in said.read_text(), said.read_text()
    finally:
        _make_sure_it_ended(city.process)


def _make_sure_it_ended(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until(
    condition: Callable[[], _T | Literal[False] | None],
    seconds: float = 20,
    explain: Callable[[], object] = lambda: "",
) -> _T:
    """Poll until a condition holds, and return what it gave."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s: {explain()}"
        time.sleep(0.05)


@dataclass
class Heard:
    """An event as it came on a stream, and when (event loop's clock)."""

    id: str
    event: dict[str, Any]
    at: float


class Stream:
    """An open Server-Sent Events stream."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self._changed = asyncio.Condition()

    async def read(self, answer: httpx.Response) -> None:
        identity, data = "", ""
        async for line in answer.aiter_lines():
            name, _, value = line.partition(":")
            if name == "id":
                identity = value.strip()
            elif name == "data":
                data += value.strip()
            elif not line and data:
                at = asyncio.get_running_loop().time()
                async with self._changed:
                    self.heard.append(Heard(identity, json.loads(data), at))
                    self._changed.notify_all()
                data = ""

    async def until(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 20) -> Heard:
        """The first event that is wanted."""

        def find() -> Heard | None:
            return next((heard for heard in self.heard if wanted(heard.event)), None)

        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(lambda: find() is not None), seconds)
        found = find()
        assert found
        return found


@asynccontextmanager
async def stream(city: City, types: str, *, last: str = "") -> AsyncIterator[Stream]:
    """Follow events of some types; open when the block begins."""
    headers = {"authorization": f"Bearer {city.token()}"}
    if last:
        headers["last-event-id"] = last
    follower = Stream()
    async with (
        httpx.AsyncClient(base_url=city.url, timeout=httpx.Timeout(10, read=60)) as http,
        http.stream("GET", "/events/v1/stream", params={"types": types}, headers=headers) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        reading = asyncio.create_task(follower.read(answer))
        try:
            yield follower
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

"""Running cases: a core and what is behind it, on a loop of their own in a thread.

The tests talk to it by blocking sockets, as a client would, and read what comes back with Python's
``http.client``. After each piece they wait until the core has read it, so that a split is one.
"""

from __future__ import annotations

import asyncio
import io
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from http.client import HTTPResponse
from typing import Any, Final, TypeVar

from gateway.core.bounds import Bounds
from tests.gateway.core.city import Api, Gateway, api, gateway, route, snapshot
from tests.gateway.core.corpus.case import Seen

T = TypeVar("T")
PROBE: Final = b"GET /open?probe HTTP/1.1\r\nHost: city.example\r\nX-Request-Id: the-probe\r\n\r\n"
"""Sent after every case: answered if the connection goes on, otherwise never seen by anybody."""
ROUTES: Final = [
    *(route("/open", method, access="open") for method in ("GET", "POST", "OPTIONS")),
    *(route("/echo/{name}", method, access="open") for method in ("GET", "PUT", "OPTIONS")),
    route("/small", "POST", access="open", max_body_bytes=10),
    route("/stops", "POST"),
    route("/stops"),
]
_SECONDS: Final = 10.0


class Bench:
    """A loop in a thread; what is entered on it is left when the bench closes."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def enter(self, thing: AbstractAsyncContextManager[T]) -> T:
        entered: T = self.run(self._stack.enter_async_context(thing))
        return entered

    def run(self, work: Any) -> Any:
        found: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return found.result(_SECONDS)

    def settle(self) -> None:
        """Return when the loop has polled its sockets twice: what had arrived has been read."""
        for _ in range(2):
            self.run(asyncio.sleep(0))

    def close(self) -> None:
        self.run(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Rig:
    """A core whose API is ``recorder``, straight or through another server."""

    def __init__(self, bench: Bench, recorder: Api, port: int) -> None:
        self._bench = bench
        self._recorder = recorder
        bounds = Bounds(tick=0.02, linger=0.5)
        self._gateway: Gateway = bench.enter(gateway(snapshot(port, routes=ROUTES), bounds=bounds))

    def play(self, pieces: Sequence[bytes]) -> tuple[tuple[int, ...], bool, tuple[Seen, ...]]:
        """Send ``pieces`` and a probe on one connection.

        Returns:
            Statuses; whether the probe was answered; what the recorder saw but for the probe.
        """
        self._recorder.heads.clear()
        self._recorder.bodies.clear()
        with socket.create_connection(("127.0.0.1", self._gateway.port), _SECONDS) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for piece in pieces:
                    sock.sendall(piece)
                    self._bench.settle()
                sock.sendall(PROBE)
            except ConnectionError:  # the core has closed already; what it said can still be read
                pass
            statuses, kept = _answers(sock, b"".join(pieces).startswith(b"HEAD "))
        self._bench.settle()
        return statuses, kept, self._seen()

    def _seen(self) -> tuple[Seen, ...]:
        requests = zip(self._recorder.heads, self._recorder.bodies, strict=True)
        found = tuple(_read(head, body) for head, body in requests)
        return tuple(seen for seen in found if seen.target != "/open?probe")


class _Shared:
    """A socket, as ``http.client`` wants it, whose buffer goes from one answer to the next."""

    def __init__(self, sock: socket.socket) -> None:
        self._file = _Unclosed(socket.SocketIO(sock, "r"))

    def makefile(self, mode: str) -> io.BufferedReader:
        return self._file


class _Unclosed(io.BufferedReader):
    def close(self) -> None:
        """Left to the socket."""


def _answers(sock: socket.socket, head: bool) -> tuple[tuple[int, ...], bool]:
    statuses: list[int] = []
    shared: Any = _Shared(sock)
    while True:
        answer = HTTPResponse(shared, method="HEAD" if head and not statuses else "GET")
        try:
            answer.begin()
        except ConnectionError:  # http.client's word for "closed before an answer" among them
            return tuple(statuses), False
        answer.read()
        if answer.getheader("x-request-id") == "the-probe":
            return tuple(statuses), True
        statuses.append(answer.status)


def _read(head: bytes, body: bytes) -> Seen:
    method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
    chunked = b"\r\ntransfer-encoding: chunked" in head.lower()
    return Seen(method, target, _content(body) if chunked else body)


def _content(wire: bytes) -> bytes:
    found = b""
    while True:
        size, _, rest = wire.partition(b"\r\n")
        if not int(size, 16):
            return found
        found += rest[: int(size, 16)]
        wire = rest[int(size, 16) + 2 :]


@contextmanager
def bench() -> Iterator[tuple[Bench, Api]]:
    """A bench with a recorder on it."""
    found = Bench()
    try:
        yield found, found.enter(api())
    finally:
        found.close()

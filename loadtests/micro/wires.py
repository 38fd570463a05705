"""A core between transports that only keep what is written: its interpreter time, alone."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

import orjson

from gateway.core.app import Core, CoreConfig
from gateway.core.bounds import Bounds
from gateway.core.proof.replays import PER_WORKER, Found, Replays
from gateway.core.server import ClientConnection
from gateway.core.trail.trail import Trail
from gateway.core.upstreams.connection import UpstreamConnection
from loadtests.peers import ours, personal, work

BODY = b'{"items":[%b]}' % b",".join([b'{"id":1,"name":"Mirai Station"}'] * 30)
ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Tue, 24 Nov 2026 07:00:00 GMT\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\nConnection: keep-alive\r\n\r\n"
    % len(BODY)
) + BODY
KEPT_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: max-age=86400\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
) + BODY


class Wire(asyncio.Transport):
    """A transport without a socket: what is written to it is its ``last``."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.last = b""
        self._closing = False

    def write(self, data: Any) -> None:
        self.last = data

    def is_closing(self) -> bool:
        return self._closing

    def abort(self) -> None:
        self._closing = True

    def pause_reading(self) -> None:
        """Nothing is read here."""

    def resume_reading(self) -> None:
        """Nor here."""


class Wired:
    """A core with one client and one resting upstream connection, and heads to ask with."""

    def __init__(self, tokens: int = work.TOKENS, trail: Trail | None = None) -> None:
        signer = self.signer = work.signer("ES256")
        # nothing ends on its own here: no tick may close what a measurement uses
        bounds = Bounds(tick=3600.0, upstream_rest=3600.0, upstream_fresh=3600.0)
        self.core = Core(
            CoreConfig(
                b"bench", personal.PAIRWISE_KEY, bounds=bounds, replays=Forgetful(), trail=trail
            )
        )
        self.core.apply(orjson.dumps(ours.policy(9, [signer])))
        self.client = ClientConnection(self.core)
        self.client_wire, self.upstream_wire = Wire(), Wire()
        self.client.connection_made(self.client_wire)
        self.upstream = self.another(self.upstream_wire)
        self.heads = [
            request(path, number, signer.token(number))
            for number in range(tokens)
            for path in [work.ROUTES[number % len(work.ROUTES)]]
        ]

    def another(self, wire: Wire | None = None) -> UpstreamConnection:
        """One more resting upstream connection."""
        policy = self.core.policy
        assert policy is not None
        upstream = policy.upstreams["api"]
        made = UpstreamConnection(upstream, upstream.addresses[0])
        made.connection_made(wire or Wire())
        made.rested = self.core.loop.time()
        upstream.rest(made)
        return made

    def once(self, head: bytes) -> None:
        """One request, all the way there and back."""
        self.client.data_received(head)
        self.core.batch.run()
        self.upstream.data_received(ANSWER)

    def post(self, size: int) -> bytes:
        """A request with so much content, head and content in one packet."""
        head = self.heads[0].replace(b"GET", b"POST", 1)
        return head[:-2] + b"Content-Length: %d\r\n\r\n" % size + b"x" * size

    def kept(self) -> bytes:
        """A request whose answer is kept by now."""
        head = request(work.KEPT, 1, "")
        self.client.data_received(head)
        self.upstream.data_received(KEPT_ANSWER)
        self.client.data_received(head)
        if b"cache-status: supercity; hit" not in self.client_wire.last:
            raise RuntimeError(f"this is not kept: {self.client_wire.last!r}")
        return head

    def personal(self, alg: str, count: int, *fields: str) -> list[bytes]:
        """So many requests for a resident's own data, each with a proof of a key of ``alg``.

        Args:
            fields: what the consent is limited to; without any, all may pass.
        """
        client = personal.Holder(self.signer, work.signer(alg))
        token = client.token(1, *fields)
        path = f"{personal.BASE}/1"
        return [
            request(personal.BASE, 1, token, client.proof(token, path, number))
            for number in range(count)
        ]

    def answered(self) -> bytes:
        return self.client_wire.last


class Forgetful(Replays):
    """Works as hard as the other, but knows a proof by chance only: so it can be used again."""

    def __init__(self) -> None:
        super().__init__(Replays.file_for(PER_WORKER))
        self._others = map(str, count())

    def take_all(self, names: list[str], now: float, life: int) -> list[Found]:
        return super().take_all([name + next(self._others) for name in names], now, life)


def request(path: str, number: int, token: str, proof: str = "") -> bytes:
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    if proof:
        bearer = f"Authorization: DPoP {token}\r\nDPoP: {proof}\r\n"
    return (
        f"GET {path}/{number} HTTP/1.1\r\nHost: city.example\r\nAccept: application/json\r\n"
        f"User-Agent: partner-app/1.0\r\n{bearer}\r\n"
    ).encode()

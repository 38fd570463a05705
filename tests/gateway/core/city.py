"""A small city for the core's tests: keys, tokens, snapshots, upstreams, and a core in front.

Everything is real: signatures, sockets, processes' worth of bytes; only small.
"""

from __future__ import annotations

import asyncio
import socket
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import orjson
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.core.access.limits import Limiter
from gateway.core.access.quotas import Quotas
from gateway.core.app import Core, CoreConfig
from gateway.core.bounds import Bounds
from gateway.core.proof.replays import Replays
from gateway.core.telemetry.spans import Spans
from gateway.core.tls import TlsFiles
from gateway.core.trail.trail import Trail
from schemas.policy import Client, Jwk, Rate, Route, Snapshot, Upstream
from schemas.pseudonym import Pseudonyms

ISSUER = "https://city.example"
GATEWAY_KEY = b"gateway-key-of-the-tests"
PAIRWISE_KEY = b"p" * 32
PSEUDONYMS = Pseudonyms(PAIRWISE_KEY)
PLENTY: Rate = {"requests": 100_000, "seconds": 1}

# ------------------------------------------------------------------ keys and tokens


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _int(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8))


class Signer:
    """A private key that signs tokens, and its public JWK."""

    def __init__(self, kid: str, alg: str) -> None:
        self.kid, self.alg = kid, alg
        self._key: Any
        if alg == "ES256":
            self._key = ec.generate_private_key(ec.SECP256R1())
            point = self._key.public_key().public_numbers()
            x, y = (b64(part.to_bytes(32)) for part in (point.x, point.y))
            public = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        elif alg == "RS256":
            self._key = rsa.generate_private_key(65_537, 2_048)
            numbers = self._key.public_key().public_numbers()
            public = {"kty": "RSA", "n": _int(numbers.n), "e": _int(numbers.e)}
        else:
            self._key = Ed25519PrivateKey.generate()
            public = {"kty": "OKP", "crv": "Ed25519"}
            public["x"] = b64(self._key.public_key().public_bytes_raw())
        self.jwk = cast(Jwk, {"kid": kid, "alg": alg, "use": "sig", **public})

    def sign(self, signed: bytes) -> bytes:
        if self.alg == "ES256":
            r, s = decode_dss_signature(self._key.sign(signed, ec.ECDSA(SHA256())))
            return r.to_bytes(32) + s.to_bytes(32)
        if self.alg == "RS256":
            return bytes(self._key.sign(signed, padding.PKCS1v15(), SHA256()))
        return bytes(self._key.sign(signed))

    def jwt(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        signed = f"{b64(orjson.dumps(header))}.{b64(orjson.dumps(claims))}"
        return f"{signed}.{b64(self.sign(signed.encode()))}"


SIGNER = Signer("es", "ES256")
_serial = iter(range(10**9))


def consent(dataset: str = "records", **changes: Any) -> dict[str, Any]:
    """An authorization detail that carries a consent to the whole of ``dataset``."""
    return {
        "type": "city_data", "dataset": dataset, "purpose": "service-provision",
        "consent_id": f"consent-{dataset}", "until": int(time.time()) + 600, **changes,
    }  # fmt: skip


def claims(scope: str = "mobility:read", resident: str = "", **changes: Any) -> dict[str, Any]:
    """Claims of a good token, with ``changes``; a claim changed to None is left out."""
    client = changes.get("client_id") or "app"
    found = {
        "iss": ISSUER, "aud": ISSUER, "client_id": client, "jti": f"t{next(_serial)}",
        "sub": PSEUDONYMS.of(resident, f"client:{client}") if resident else client,
        "iat": int(time.time()) - 10, "exp": int(time.time()) + 600, "scope": scope,
        "rid": PSEUDONYMS.seal(resident, client) if resident else None,
        "gid": "grant-1" if resident else None,
        "authorization_details": [consent()] if resident else None,
    }  # fmt: skip
    return {name: value for name, value in {**found, **changes}.items() if value is not None}


def token(
    scope: str = "mobility:read",
    resident: str = "",
    *,
    signer: Signer = SIGNER,
    header: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    """A signed access token."""
    head = {"typ": "at+jwt", "alg": signer.alg, "kid": signer.kid, **(header or {})}
    return signer.jwt(head, claims(scope, resident, **changes))


# ------------------------------------------------------------------ policies


def route(path: str, method: str = "GET", access: str = "scoped", **changes: Any) -> Route:
    """A route; ``changes`` are members of :class:`schemas.policy.Route`."""
    found = {
        "id": f"test.{method.lower()}{path.replace('/', '-')}", "method": method, "path": path,
        "upstream": "main", "strip": "", "access": access,
        "scopes": [] if access == "open" else [["mobility:read"]], "subject": "",
        "dataset": "", "priority": "normal", "max_body_bytes": 1_000_000, "stream": False,
    }  # fmt: skip
    return cast(Route, {**found, **changes})


ROUTES = [
    route("/open", access="open"),
    route("/open", "POST", access="open"),
    route("/stops"),
    route("/stops", "POST"),
    route("/stops/{stop}"),
    route("/events", access="open", stream=True),
    route(
        "/residents/{resident}/records", access="personal", subject="resident", dataset="records"
    ),
    route("/apps/shop/items", access="open", strip="/apps/shop"),
]


def upstream(*ports: int, **changes: Any) -> Upstream:
    found = {
        "addresses": [f"127.0.0.1:{port}" for port in ports], "sector": "mobility",
        "internal": True, "connect_timeout_ms": 1_000, "response_timeout_ms": 5_000,
        "idle_timeout_ms": 5_000, "max_connections": 100,
    }  # fmt: skip
    return cast(Upstream, {**found, **changes})


def client(**changes: Any) -> Client:
    return cast(Client, {"client_class": "partner", "rate": PLENTY, "suspended": False, **changes})


def snapshot(*ports: int, revision: str = "r1", **changes: Any) -> Snapshot:
    """A policy whose one upstream listens on ``ports``; ``changes`` replace whole members."""
    found = {
        "format": 1, "revision": revision, "issuer": ISSUER, "audience": ISSUER,
        "keys": [SIGNER.jwk], "upstreams": {"main": upstream(*ports)}, "routes": ROUTES,
        "clients": {"app": client(), "other": client()},
        "revoked": {"tokens": {}, "families": {}, "clients": {}}, "open_rate": PLENTY,
        "zone": "UTC",
    }  # fmt: skip
    return cast(Snapshot, {**found, **changes})


# ------------------------------------------------------------------ upstreams

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


@dataclass
class Api:
    """An API behind the gateway, which answers bytes with bytes and remembers what it was asked."""

    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    connections: int = 0
    open: int = 0

    def head(self, name: str) -> str | None:
        """A field of the last request; None if there was none of the name."""
        for line in self.heads[-1].split(b"\r\n")[1:]:
            found, _, value = line.partition(b":")
            if found.decode().lower() == name:
                return value.strip().decode()
        return None


Handler = Callable[[Api, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def read_request(api: Api, reader: asyncio.StreamReader) -> bytes:
    """One whole request; raises IncompleteReadError when the connection ends."""
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    body = b""
    if b"\r\ntransfer-encoding: chunked" in lower:
        body = await _read_chunks(reader)
    elif b"\r\ncontent-length:" in lower:
        size = int(lower.partition(b"\r\ncontent-length:")[2].split(b"\r\n")[0])
        body = await reader.readexactly(size)
    api.heads.append(head)
    api.bodies.append(body)
    return head


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    """A chunked body with its framing, up to the empty line after its trailers."""
    wire = b""
    size = -1
    while size:
        line = await reader.readuntil(b"\r\n")
        size = int(line, 16)
        wire += line + (await reader.readexactly(size + 2) if size else b"")
    while not wire.endswith(b"\r\n\r\n"):
        wire += await reader.readuntil(b"\r\n")
    return wire


def always(answer: bytes) -> Handler:
    async def handle(api: Api, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(api, reader)
            writer.write(answer)
            await writer.drain()

    return handle


@asynccontextmanager
async def api(handler: Handler | None = None, port: int = 0) -> AsyncIterator[Api]:
    """An upstream on a port of its own."""
    found = Api()
    run = handler or always(OK)
    tasks: list[asyncio.Task[Any]] = []

    server_gone = False

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.connections += 1
        found.open += 1
        tasks.append(cast("asyncio.Task[Any]", asyncio.current_task()))
        try:
            await run(found, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            found.open -= 1
            writer.transport.abort() if server_gone else writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        server_gone = True

        def nobody_left() -> bool:
            for task in tasks:  # also of connections that were accepted at the last moment
                task.cancel()
            return not found.open

        await until(nobody_left)


# ------------------------------------------------------------------ the core in front


@dataclass
class Gateway:
    """A running core."""

    core: Core
    port: int
    opened: list[Raw] = field(default_factory=list)

    async def open(self) -> Raw:
        """A connection; closed with the gateway if it is not before."""
        self.opened.append(Raw(*await asyncio.open_connection("127.0.0.1", self.port)))
        return self.opened[-1]

    async def ask(self, request: bytes) -> Reply:
        """One request on a connection of its own."""
        raw = await self.open()
        try:
            raw.writer.write(request)
            return await raw.reply(head_only=request.startswith(b"HEAD "))
        finally:
            raw.writer.close()

    async def get(self, path: str, bearer: str = "", *fields: str, method: str = "GET") -> Reply:
        return await self.ask(request(path, bearer, *fields, method=method))


def request(
    path: str, bearer: str = "", *fields: str, method: str = "GET", body: bytes = b""
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: city.example", *fields]
    if bearer:
        lines.append(f"Authorization: Bearer {bearer}")
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Reply:
    """An answer, read."""

    status: int
    fields: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        assert self.fields["content-type"] == "application/problem+json", self
        found: dict[str, Any] = orjson.loads(self.body)
        assert found["status"] == self.status
        return found


@dataclass
class Raw:
    """A connection to the gateway, byte by byte."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def reply(self, *, head_only: bool = False) -> Reply:
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        fields: dict[str, str] = {}
        for name, _, value in (line.partition(":") for line in lines):
            before = fields.get(name.lower())
            fields[name.lower()] = f"{before}, {value.strip()}" if before else value.strip()
        status = int(first.split()[1])
        if head_only or status in (100, 103, 204, 304):
            return Reply(status, fields, b"")
        if fields.get("transfer-encoding") == "chunked":
            return Reply(status, fields, await self._chunks())
        if "content-length" in fields:
            size = int(fields["content-length"])
            return Reply(status, fields, await asyncio.wait_for(self.reader.readexactly(size), 10))
        return Reply(status, fields, await asyncio.wait_for(self.reader.read(), 10))

    async def _chunks(self) -> bytes:
        found = b""
        while True:
            size = int(await asyncio.wait_for(self.reader.readuntil(b"\r\n"), 10), 16)
            if not size:
                while await self.reader.readuntil(b"\r\n") != b"\r\n":
                    pass
                return found
            found += await self.reader.readexactly(size)
            assert await self.reader.readexactly(2) == b"\r\n"

    async def ended(self) -> bool:
        """Whether the gateway closes the connection with nothing more said."""
        try:
            return await asyncio.wait_for(self.reader.read(1), 10) == b""
        except ConnectionError:
            return True


@asynccontextmanager
async def gateway(
    policy: Snapshot | None,
    *,
    bounds: Bounds | None = None,
    workers: int = 1,
    access_log: str = "",
    last_good: Path | None = None,
    limiter: Limiter | None = None,
    quotas: Quotas | None = None,
    spans: Spans | None = None,
    tls: TlsFiles | None = None,
    now: Callable[[], float] = time.time,
    trail: Trail | None = None,
    replays: Replays | None = None,
) -> AsyncIterator[Gateway]:
    """A core on a port of its own, with ``policy`` in force."""
    config = CoreConfig(
        GATEWAY_KEY, PAIRWISE_KEY, workers, access_log, last_good, limiter,
        tls, bounds or Bounds(tick=0.02, linger=0.5), now, quotas, spans, trail, replays,
    )  # fmt: skip
    core = Core(config)
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    await core.listen(sock)
    if policy is not None:
        core.apply(orjson.dumps(policy))
    running = Gateway(core, sock.getsockname()[1])
    try:
        yield running
    finally:
        await core.close()
        for raw in running.opened:
            raw.writer.transport.abort()


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait for ``condition``, which must come true within ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.005)

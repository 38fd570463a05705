from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from schemas.kit.outgoing.addresses import networks
from schemas.kit.outgoing.guard import Guard
from schemas.kit.outgoing.model import Request
from schemas.kit.outgoing.sender import Sender
from tests.services.broker.delivery.receiver import Receiver, Reply

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"


@asynccontextmanager
async def sending(tls: ssl.SSLContext | None = None) -> AsyncIterator[Sender]:
    sender = Sender(Guard(networks("127.0.0.0/8")), tls=tls)
    yield sender
    await sender.close()


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    async with sending() as sender:
        yield sender


class Line:
    """A server that writes given bytes for each request, and counts its connections."""

    def __init__(self, *answers: bytes, close: bool = False) -> None:
        self.answers, self.close, self.connections = list(answers), close, 0
        self.open: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.add(writer)
        try:
            while self.answers:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(self.answers.pop(0))
                if self.close:
                    break
            else:
                await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def line(*answers: bytes, close: bool = False) -> AsyncIterator[tuple[str, Line]]:
    found = Line(*answers, close=close)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", found
        for writer in found.open:
            writer.transport.abort()


def to(url: str, **headers: str) -> Request:
    return Request(url, b"", headers, timeout=5)


async def test_a_connection_serves_many_requests(sender: Sender) -> None:
    async with line(OK, OK, OK) as (url, there):
        for _ in range(3):
            assert (await sender.send(to(url), whole=True)).body == b"ok"
        assert there.connections == 1


async def test_a_connection_that_was_closed_meanwhile_is_opened_again(sender: Sender) -> None:
    async with line(OK, OK, close=True) as (url, there):
        for _ in range(2):
            assert (await sender.send(to(url))).ok
        assert there.connections == 2


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"ok"),
        (b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK, 200, b"ok"),
        (CHUNKED, 200, b"ok"),
        (b"HTTP/1.0 200 OK\r\n\r\nok", 200, b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", 404, b""),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nok", 200, b"ok"),  # breaks off
    ],
)
async def test_answers_of_every_form_are_read(
    sender: Sender, answer: bytes, status: int, body: bytes
) -> None:
    async with line(answer, close=True) as (url, _):
        found = await sender.send(to(url), whole=True)
        assert (found.status, found.body) == (status, body)
        assert found.ok == (status < 300)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer is not HTTP"),
        (b"", "the connection broke"),
        (b"HTTP/1.1 200 OK\r\nx: ", "the connection broke"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000, "the answer's head is too long"),
    ],
)
async def test_what_is_no_answer_is_a_failure(sender: Sender, answer: bytes, error: str) -> None:
    async with line(answer, close=True) as (url, _):
        found = await sender.send(to(url))
        assert (found.status, found.error) == (0, error)


async def test_redirects_are_not_followed(sender: Sender, receiver: Receiver) -> None:
    receiver.reply = lambda _: Reply(302, {"location": receiver.url})
    answer = await sender.send(to(receiver.url))
    assert (answer.status, answer.ok) == (302, False)
    assert "not followed" in answer.error
    assert len(receiver.received) == 1


async def test_an_answer_is_read_in_part_only(sender: Sender, receiver: Receiver) -> None:
    receiver.reply = lambda _: Reply(200, rest=b"x" * 65_536)
    answer = await sender.send(to(receiver.url), whole=True)
    assert (answer.ok, len(answer.body)) == (True, 65_536)


async def test_no_answer_in_time_is_a_failure(sender: Sender, receiver: Receiver) -> None:
    receiver.hold.clear()
    answer = await sender.send(Request(receiver.url, b"", {}, timeout=0.1))
    assert (answer.status, answer.error) == (0, "no answer in time")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("999999", 86_400), ("soon", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)],
)
async def test_retry_after_is_read(
    sender: Sender, receiver: Receiver, value: str, seconds: int
) -> None:
    receiver.reply = lambda _: Reply(503, {"retry-after": value})
    assert (await sender.send(to(receiver.url))).retry_after == seconds


@pytest.mark.parametrize(
    ("name", "value"), [("x", "a\r\nhost: inside"), ("x\r\ny", "a"), ("x y", "a"), ("x", "a\0")]
)
async def test_headers_that_would_split_the_request_are_not_sent(
    sender: Sender, receiver: Receiver, name: str, value: str
) -> None:
    answer = await sender.send(to(receiver.url, **{name: value}))
    assert answer.error == "the request cannot be said in HTTP"
    assert not receiver.asked


async def test_only_a_receiver_whose_certificate_is_trusted_gets_anything(tmp_path: Path) -> None:
    there = Line(OK, OK, OK)
    server = await asyncio.start_server(there.serve, "127.0.0.1", 0, ssl=served(tmp_path))
    port = server.sockets[0].getsockname()[1]
    async with server, sending() as strict, sending(trusting(tmp_path)) as trusts:
        answer = await strict.send(to(f"https://127.0.0.1:{port}/"))
        assert answer.error.startswith("its certificate is not trusted")
        assert (await trusts.send(to(f"https://127.0.0.1:{port}/"))).ok
        other = await trusts.send(to(f"https://127.0.0.2:{port}/"))
        assert not other.ok
        for writer in there.open:
            writer.transport.abort()


def served(folder: Path) -> ssl.SSLContext:
    """A server's context, with a certificate for 127.0.0.1 that it signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    (folder / "key.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def trusting(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "cert.pem"))

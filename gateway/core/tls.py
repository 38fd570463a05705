"""TLS to the client: what is offered, and certificates that change while connections go on.

The files are looked at every second. What has changed is read whole into a context of its own, and
counts from the next handshake on; connections that are open keep what they began with. What cannot
be read, such as a certificate whose key is not there yet, leaves everything as it was.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn, Self

from cryptography.x509 import load_pem_x509_certificates

from gateway.core.handshakes import Handshakes
from gateway.core.telemetry.telemetry import Telemetry

_log = logging.getLogger(__name__)
_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: forward secrecy and authenticated encryption (RFC 9325 §4.2); 1.3 has no other."""
_LOOK_EVERY: Final = 1.0
_NOT_TLS: Final = frozenset(("HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "WRONG_VERSION_NUMBER"))
HSTS: Final = b"strict-transport-security: max-age=31536000"
"""Browsers come back by https alone for a year (RFC 6797)."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the certificate is.

    Attributes:
        cert: PEM: the certificate, then those between it and its authority.
        key: PEM: its private key, without a passphrase.
        client_ca: PEM: authorities of which every client must show a certificate; None for clients
            without any.
    """

    cert: Path
    key: Path
    client_ca: Path | None = None

    @classmethod
    def of(cls, cert: str, key: str, client_ca: str = "") -> TlsFiles | None:
        """From settings; None where TLS is not spoken.

        Raises:
            ValueError: there is a part of it, and another is missing.
        """
        if not cert and not key and not client_ca:
            return None
        if not cert or not key:
            raise ValueError("TLS needs both a certificate and its key (TLS_CERT, TLS_KEY)")
        return cls(Path(cert), Path(key), Path(client_ca) if client_ca else None)

    def stamp(self) -> tuple[object, ...]:
        """What changes when a file does, or is another behind the same link."""
        found = [path.stat() for path in (self.cert, self.key, self.client_ca) if path]
        return tuple((file.st_mtime_ns, file.st_size, file.st_ino) for file in found)


class Door(ssl.SSLObject):
    """One connection's TLS. Whoever speaks plain HTTP to it is told so, in plain HTTP."""

    _incoming: ssl.MemoryBIO
    _outgoing: ssl.MemoryBIO
    _turned_away = False
    _handshakes: Handshakes | None = None
    """Where it is counted while it has not been shaken hands with to the end."""

    @classmethod
    def _create(cls, incoming: Any, outgoing: Any, *args: Any, **more: Any) -> Self:
        made: Self = super()._create(incoming, outgoing, *args, **more)  # type: ignore[misc]
        made._incoming, made._outgoing = incoming, outgoing
        return made

    def do_handshake(self) -> None:
        if self._handshakes is None:
            self._begin()
        if self._turned_away:  # until the time for a handshake is over
            self._incoming.read()
            raise ssl.SSLWantReadError
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            context = self.context
            if isinstance(context, Context):
                self._failed(context, error)
            self._end()
            raise
        self._end()

    def _begin(self) -> None:
        """Asked for the first time, which is when the connection has been accepted."""
        context = self.context
        if not isinstance(context, Context):
            return
        self._handshakes = context.handshakes
        if not context.handshakes.begin(id(self)):
            context.telemetry.count("tls_refused")
            raise ssl.SSLError("too many handshakes at a time")

    def _end(self) -> None:
        if self._handshakes is not None:
            self._handshakes.end(id(self))

    def __del__(self) -> None:  # also of a client that went, or took too long
        self._end()

    def _failed(self, context: Context, error: ssl.SSLError) -> None:
        if error.reason not in _NOT_TLS:
            context.telemetry.count("tls_failures")
            return
        context.telemetry.count("tls_plain_http")
        self._turned_away = True
        self._incoming.read()
        self._outgoing.read()  # an alert that nobody would understand
        self._outgoing.write(context.plain())
        raise ssl.SSLWantReadError from None


class Context(ssl.SSLContext):
    """An SSL context that knows whom to tell."""

    sslobject_class = Door
    telemetry: Telemetry
    handshakes: Handshakes
    plain: Callable[[], bytes]


class Tls:
    """The certificate in use.

    Args:
        files: where it is.
        telemetry: where handshakes and changes are counted.
        plain: the answer to a client that speaks plain HTTP.
        handshakes: those in progress.

    Attributes:
        context: to be given to servers; always hands out what is in use.
        not_after: when the certificate ends, in seconds since the epoch.

    Raises:
        ValueError: the files cannot be used; says which and why.
    """

    def __init__(
        self,
        files: TlsFiles,
        telemetry: Telemetry,
        plain: Callable[[], bytes],
        handshakes: Handshakes,
    ) -> None:
        self._files = files
        self.handshakes = handshakes
        self._telemetry = telemetry
        self._plain = plain
        self._looked = 0.0
        self._stamp = files.stamp() if files.cert.exists() and files.key.exists() else ()
        self.context = self._current = self._read()
        # asked in every handshake, also of clients that name no server
        self.context.sni_callback = self._hand_out

    def look(self, now: float) -> None:
        """From time to time: take what has changed."""
        if now - self._looked < _LOOK_EVERY:
            return
        self._looked = now
        try:
            stamp = self._files.stamp()
        except OSError:  # between the old file and the new
            return
        if stamp != self._stamp:
            self._stamp = stamp
            self._take()

    def _take(self) -> None:
        try:
            self._current = self._read()
        except ValueError as error:
            self._telemetry.count("tls_reload_failures")
            _log.error("the certificate of before is kept: %s", error)
        else:
            self._telemetry.count("tls_reloads")

    def _hand_out(self, door: ssl.SSLObject, name: str | None, asked: ssl.SSLContext) -> None:
        if self._current is not asked:
            door.context = self._current

    def _read(self) -> Context:
        context = read(self._files)
        context.telemetry, context.plain = self._telemetry, self._plain
        context.handshakes = self.handshakes
        try:
            leaf = load_pem_x509_certificates(self._files.cert.read_bytes())[0]
        except (OSError, ValueError) as error:
            raise ValueError(f"{self._files.cert}: no certificate: {error}") from error
        self.not_after = leaf.not_valid_after_utc.timestamp()
        return context


def read(files: TlsFiles) -> Context:
    """A context with the certificate of ``files``.

    Raises:
        ValueError: it cannot be used; says why.
    """
    context = Context(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    try:
        context.load_cert_chain(files.cert, files.key, password=_no_passphrase)
        if files.client_ca is not None:
            context.load_verify_locations(files.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ValueError) as error:
        named = " or ".join(str(path) for path in (files.cert, files.key, files.client_ca) if path)
        raise ValueError(f"{named} cannot be used: {error}") from error
    return context


def _no_passphrase() -> NoReturn:
    raise ValueError("the key has a passphrase, which nobody is here to type")

"""Certificates for the tests: an authority, and what it signs."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.core.tls import TlsFiles


class Authority:
    """A certificate authority with its files in ``folder``."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self.file = folder / f"{name}.pem"
        made = _builder(self._name, self._name, self._key.public_key(), days=30).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self._write(self.file, made.sign(self._key, hashes.SHA256()))

    def issue(self, name: str = "server", days: int = 7) -> TlsFiles:
        """A certificate for ``localhost``; written anew, in one step each, if it is there."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _builder(_name(name), self._name, key.public_key(), days).add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False
        )
        files = TlsFiles(self._folder / f"{name}-cert.pem", self._folder / f"{name}-key.pem")
        self._write(files.cert, made.sign(self._key, hashes.SHA256()))
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        _replace(files.key, pem)
        return files

    def client(self, files: TlsFiles | None = None) -> ssl.SSLContext:
        """What a client needs that trusts this authority, and has the certificate of ``files``."""
        context = ssl.create_default_context(cafile=str(self.file))
        if files is not None:
            context.load_cert_chain(files.cert, files.key)
        return context

    def _write(self, path: Path, made: x509.Certificate) -> None:
        _replace(path, made.public_bytes(serialization.Encoding.PEM))


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(content)
    fresh.replace(path)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer, subject, key, x509.random_serial_number(), now - timedelta(hours=1),
        now + timedelta(days=days),
    )  # fmt: skip

"""Checkpoints: a tree's size and root, signed, as a text that others know how to keep and check.

The form is that of C2SP *tlog-checkpoint* over *signed-note*, which today's transparency logs and
their witnesses speak; RFC 6962 calls it a signed tree head::

    city.example/audit
    1234
    <root, base64>
    timestamp 1764000000000

    — city.example/audit <base64 of key id and Ed25519 signature>
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519: Final = b"\x01"
_MARK: Final = "— "


class BadCheckpoint(ValueError):
    """A text that is no checkpoint, or not signed by this key."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says.

    Attributes:
        at: milliseconds since the epoch.
    """

    origin: str
    size: int
    root: bytes
    at: int

    def text(self) -> str:
        root = b64encode(self.root).decode()
        return f"{self.origin}\n{self.size}\n{root}\ntimestamp {self.at}\n"


class Signer:
    """Signs checkpoints.

    Args:
        origin: the log's name, such as ``city.example/audit``.
        seed: 32 secret bytes.
    """

    def __init__(self, origin: str, seed: bytes) -> None:
        self.origin = origin
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = Verifier(origin, self._key.public_key().public_bytes_raw())

    def sign(self, size: int, root: bytes, at: int) -> str:
        text = Checkpoint(self.origin, size, root, at).text()
        signature = self.verifier.key_id + self._key.sign(text.encode())
        return f"{text}\n{_MARK}{self.origin} {b64encode(signature).decode()}\n"


class Verifier:
    """Reads checkpoints of one log.

    Args:
        origin: the log's name.
        public: its raw Ed25519 public key.
    """

    def __init__(self, origin: str, public: bytes) -> None:
        self.origin, self._public = origin, public
        self._key = Ed25519PublicKey.from_public_bytes(public)
        self.key_id = sha256(f"{origin}\n".encode() + _ED25519 + public).digest()[:4]

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """From a signed-note verifier key, ``<origin>+<key id>+<base64>``.

        Raises:
            BadCheckpoint: it is none.
        """
        try:
            origin, key_id, encoded = text.strip().split("+", 2)
            raw = b64decode(encoded, validate=True)
            found = cls(origin, raw[1:])
        except ValueError as error:
            raise BadCheckpoint(f"{text[:60]!r} is no verifier key") from error
        if raw[:1] != _ED25519 or found.key_id.hex() != key_id:
            raise BadCheckpoint(f"{text[:60]!r} does not fit its key id")
        return found

    def __str__(self) -> str:
        encoded = b64encode(_ED25519 + self._public).decode()
        return f"{self.origin}+{self.key_id.hex()}+{encoded}"

    def read(self, note: str) -> Checkpoint:
        """What a signed note says.

        Raises:
            BadCheckpoint: it is no checkpoint of this log, or its signature does not hold.
        """
        text, gap, signatures = note.rpartition("\n\n")
        text += "\n"
        if not gap or not any(self._holds(text, line) for line in signatures.splitlines()):
            raise BadCheckpoint(f"the checkpoint is not signed by {self.origin}")
        try:
            origin, size, root, at, *_ = text.split("\n")
            found = Checkpoint(
                origin, int(size), b64decode(root, validate=True), int(at.split(" ", 1)[1])
            )
        except (ValueError, IndexError) as error:
            raise BadCheckpoint("the checkpoint cannot be read") from error
        if origin != self.origin:
            raise BadCheckpoint(f"the checkpoint is of {origin!r}, not of {self.origin!r}")
        return found

    def _holds(self, text: str, line: str) -> bool:
        prefix = f"{_MARK}{self.origin} "
        if not line.startswith(prefix):
            return False
        try:
            raw = b64decode(line[len(prefix) :], validate=True)
            if raw[:4] != self.key_id:
                return False
            self._key.verify(raw[4:], text.encode())
        except (ValueError, InvalidSignature):
            return False
        return True

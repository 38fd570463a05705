"""Keys derived from the city's master key, and what is made with them.

Random tokens carry 256 bits, so a plain keyed hash keeps them: nobody can guess one, and without
the master key a stolen table cannot even be compared with a found token. Passwords, which people
choose, are argon2id's (:mod:`gateway.control.residents`).
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class Secrets:
    """Args:
    master: at least 32 random bytes, the same for every process of the control plane.
    """

    def __init__(self, master: bytes) -> None:
        if len(master) < 32:
            raise ValueError("the master key needs at least 32 bytes")
        self._hash_key = _derive(master, "token-hash")
        self._seal = AESGCM(_derive(master, "keys-at-rest"))
        self._own = _derive(master, "own-client")
        self._audit = _derive(master, "audit-checkpoints")
        self._envelopes = _derive(master, "envelopes")
        self._receipts = _derive(master, "consent-receipts")

    def hash(self, token: str) -> str:
        """How a token is stored and looked up: 64 hexadecimal digits."""
        return hmac.digest(self._hash_key, token.encode(), "sha256").hex()

    def matches(self, token: str, stored: str) -> bool:
        """Whether ``stored`` is the hash of ``token``, in time that tells nothing."""
        return hmac.compare_digest(self.hash(token), stored)

    def own_client_secret(self) -> str:
        """The secret of the control plane's own client: derived, so that it is nowhere stored."""
        return urlsafe_b64encode(self._own).rstrip(b"=").decode()

    def audit_seed(self) -> bytes:
        """The seed of the key that signs the audit log's checkpoints: derived, nowhere stored."""
        return self._audit

    def envelope_seed(self) -> bytes:
        """What the residents' keys (:mod:`schemas.kit.envelope`) are wrapped under."""
        return self._envelopes

    def receipt_seed(self) -> bytes:
        """The seed of the key that signs receipts of consents: derived, nowhere stored."""
        return self._receipts

    def seal(self, plain: bytes, label: str) -> bytes:
        """Encrypt for the store; only :meth:`open` with the same label reads it again."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._seal.encrypt(nonce, plain, label.encode())

    def open(self, sealed: bytes, label: str) -> bytes:
        """Raises:
        ValueError: sealed under another master key, or not whole.
        """
        try:
            return self._seal.decrypt(sealed[:_NONCE], sealed[_NONCE:], label.encode())
        except InvalidTag as error:
            raise ValueError(
                f"{label} was stored under another master key: start with the same "
                "SUPERCITY_PAIRWISE_KEY as before"
            ) from error


def new_token() -> str:
    """256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def _derive(master: bytes, label: str) -> bytes:
    return hmac.digest(master, b"control\0" + label.encode(), "sha256")

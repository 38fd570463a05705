"""Signatures by Standard Webhooks (https://www.standardwebhooks.com), and their secrets."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = 32
_NONCE: Final = 12


def new_secret() -> str:
    """A signing secret, as it is told to the subscriber."""
    return PREFIX + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def sign(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """One signature: ``v1,`` and the HMAC-SHA-256 of id, timestamp and body."""
    key = b64decode(secret.removeprefix(PREFIX))
    content = f"{message}.{timestamp}.".encode() + body
    return f"v1,{b64encode(hmac.digest(key, content, 'sha256')).decode()}"


def signed_headers(
    signing: Iterable[str], message: str, timestamp: int, body: bytes
) -> dict[str, str]:
    """The header fields of a message, signed with each secret that is good at the moment.

    Args:
        timestamp: seconds since the epoch, of this try.
    """
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(one, message, timestamp, body) for one in signing),
    }


class Seal:
    """Keeps signing secrets encrypted at rest (AES-256-GCM).

    Args:
        key: of the broker; another one opens nothing that this one sealed.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(hmac.digest(key, b"webhook secrets", "sha256"))

    def close(self, secret: str, webhook: str) -> bytes:
        """The secret, sealed for one webhook."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), webhook.encode())

    def open(self, sealed: bytes, webhook: str) -> str:
        """The secret of a webhook.

        Raises:
            ValueError: it was sealed with another key, or for another webhook.
        """
        try:
            opened = self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], webhook.encode())
        except InvalidTag as error:
            raise ValueError("the webhook's secret was sealed with another key") from error
        return opened.decode()

"""Pairwise pseudonyms: each sector knows a resident under a name of its own.

No common key of a person leaves the platform. The access token carries the resident *sealed*
(AES-GCM, readable by the gateway alone); the routing core opens it once per token and sends each
API the resident's pseudonym in that API's sector::

    pseudonym = base64url(HMAC-SHA-256(sector key, resident)[:20])
    sector key = HMAC-SHA-256(master key, "pseudonym" ‖ sector)

Two APIs, or two clients, that lay their data side by side find nothing in common (OpenID Connect
Core 1.0 §8.1, whose requirements on pairwise identifiers these meet).
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class Pseudonyms:
    """Seals residents into tokens and derives their names per sector.

    Args:
        master: at least 32 random bytes, known to the control plane and the gateway only.
    """

    def __init__(self, master: bytes) -> None:
        if len(master) < 32:
            raise ValueError("the pairwise key needs at least 32 bytes")
        self._seal = AESGCM(_derive(master, b"seal"))
        self._sector_key = lru_cache(maxsize=1024)(
            lambda sector: _derive(master, b"pseudonym\0" + sector.encode())
        )

    def of(self, resident: str, sector: str) -> str:
        """The name under which ``sector`` knows ``resident``: 27 URL-safe characters."""
        digest = hmac.digest(self._sector_key(sector), resident.encode(), "sha256")
        return urlsafe_b64encode(digest[:20]).rstrip(b"=").decode()

    def seal(self, resident: str, client_id: str) -> str:
        """The resident as the claim ``rid`` of a token for ``client_id``; never twice the same."""
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._seal.encrypt(nonce, resident.encode(), client_id.encode())
        return urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, sealed: str, client_id: str) -> str:
        """The resident in a ``rid`` claim.

        Raises:
            ValueError: it was not sealed by this key for this client.
        """
        try:
            raw = urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
            opened = self._seal.decrypt(raw[:_NONCE], raw[_NONCE:], client_id.encode())
            return opened.decode()
        except (InvalidTag, ValueError) as error:
            raise ValueError("the resident claim was not sealed here for this client") from error


def _derive(master: bytes, label: bytes) -> bytes:
    return hmac.digest(master, label, "sha256")

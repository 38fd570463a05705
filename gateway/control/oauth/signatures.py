"""Which signatures of others' JWTs are believed: a fixed list, never theirs (RFC 8725 §3.1)."""

from __future__ import annotations

from typing import Any, Final

from joserfc.errors import UnsupportedAlgorithmError
from joserfc.jws import JWSRegistry

ALGORITHMS: Final = ("ES256", "RS256", "PS256", "EdDSA", "Ed25519")
"""Asymmetric ones only: never ``none``, never one whose key could be a published one.
``Ed25519`` is the newer name of ``EdDSA`` with that curve (RFC 9864)."""


class _Registry(JWSRegistry):
    max_header_length = 4_096  # a DPoP proof has an RSA key in there

    def get_alg(self, name: str) -> Any:
        """The algorithm, without joserfc's warning of ``EdDSA``, which clients still use."""
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError(f"Algorithm of '{name}' is not allowed")
        return self.algorithms[name]


REGISTRY: Final = _Registry(algorithms=ALGORITHMS, strict_check_header=False)

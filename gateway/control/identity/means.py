"""How somebody showed who they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Means:
    """How somebody showed who they are.

    Attributes:
        acr: one of :data:`schemas.policy.ACR`.
        amr: methods (RFC 8176), with spaces between.
    """

    acr: str = "urn:supercity:aal:1"
    amr: str = "pwd"


BY_PASSWORD: Final = Means()
BY_BOTH: Final = Means("urn:supercity:aal:2", "pwd otp")
"""Password and authenticator app."""

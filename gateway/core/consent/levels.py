"""How sure a route must be of who is there: assurance levels, and stepping up (RFC 9470)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.core.reply import Refused, challenge, reply
from schemas.policy import ACR

if TYPE_CHECKING:
    from gateway.core.app import Core
    from gateway.core.exchange import Exchange


def at_least(authenticator: int, proofing: int) -> Callable[[Core, Exchange], None]:
    """The step of a route that names levels.

    Args:
        authenticator: NIST SP 800-63B; how the person must have signed in. 0 for any.
        proofing: NIST SP 800-63A; how well the city must know who they are. 0 for any.
    """
    good = " ".join(name for name, level in ACR.items() if level >= authenticator)
    signed_in = reply(
        401, "insufficient-user-authentication", "A stronger sign-in is needed",
        f"This route needs a sign-in of authenticator level {authenticator}. Ask for it: an "
        f"authorization request with `acr_values={good}` (RFC 9470).",
        "level-authenticator",
        challenge(
            b'error="insufficient_user_authentication", '
            b'error_description="a stronger sign-in is needed", acr_values="%b"' % good.encode()
        ),
    )  # fmt: skip
    proven = reply(
        401, "insufficient-user-authentication", "The resident's identity must be proven first",
        f"This route needs an account of identity level {proofing}. Another sign-in does not "
        "change that: the resident proves who they are at the city's counter, or with their card.",
        "level-proofing",
        challenge(
            b'error="insufficient_user_authentication", '
            b'error_description="the identity must be proven first"'
        ),
    )  # fmt: skip

    def know_who(core: Core, exchange: Exchange) -> None:
        grant = exchange.grant
        if grant.authenticator < authenticator:
            raise Refused(signed_in)
        if grant.proofing < proofing:
            raise Refused(proven)

    return know_who

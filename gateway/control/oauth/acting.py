"""A service that acts for a resident (RFC 8693): for whom, under which grant and consents."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.control.consent.records import Given
from gateway.control.oauth.records import Grant


@dataclass(frozen=True, slots=True)
class Acting:
    """What a subject token lets the client that shows it do.

    Attributes:
        grant: the resident's, to the client that the subject token is of.
        scope: of the subject token.
        expires: of the subject token, in seconds since the epoch.
        consents: those of the subject token that live and name this client as a recipient, as they
            stand in the token.
        beyond: the domains that would come together in this client's hands beyond the city's limit
            of linkage; empty if they do not.
    """

    grant: Grant
    scope: str
    expires: int
    consents: tuple[Given, ...]
    beyond: tuple[str, ...]

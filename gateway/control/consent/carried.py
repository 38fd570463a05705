"""The consents that an access token carries: those of its grant that live, or fewer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from authlib.oauth2.rfc6749 import InvalidGrantError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.consent import details, linkage
from gateway.control.consent.details import Asked, invalid
from gateway.control.consent.linkage import Holding
from gateway.control.consent.records import Given
from gateway.control.oauth.clients import Client
from gateway.control.oauth.records import Grant


@dataclass(frozen=True, slots=True)
class Held:
    """What was found of a grant's consents before a token is made."""

    gid: str
    holding: Holding

    def carried(self, now: int, asked: str | None) -> tuple[Given, ...]:
        """The consents for a token.

        Args:
            asked: the ``authorization_details`` of the token request (RFC 9396 §6.1): what of the
                consents is wanted; all when left out.

        Raises:
            OAuth2Error: ``invalid_authorization_details``: not contained in what was given.
            InvalidGrantError: together with what the organisation has otherwise, it is more than
                the city and the resident have agreed to.
        """
        mine = [one for one in self.holding.consents if one.gid == self.gid and one.is_alive(now)]
        if mine and (beyond := self.holding.beyond(now)):
            raise InvalidGrantError(
                description=f"Data of {', '.join(beyond)} would come together in one hand: "
                "ask the resident anew."
            )
        if asked is None:
            return tuple(mine)
        return narrowed(mine, asked)


async def held(connection: AsyncConnection, client: Client, grant: Grant) -> Held:
    return Held(grant.gid, await linkage.holding(connection, client, grant.resident_id))


def none_carried(asked: str | None) -> tuple[Given, ...]:
    """For a token without a resident.

    Raises:
        OAuth2Error: ``invalid_authorization_details``: nobody is there to have agreed.
    """
    if asked is not None:
        raise invalid("authorization_details: there is no resident behind this token.")
    return ()


def narrowed(given: Sequence[Given], asked: str) -> tuple[Given, ...]:
    """What of the consents a token request asks for (RFC 9396 §6.1).

    Raises:
        OAuth2Error: ``invalid_authorization_details``: not contained in them.
    """
    return tuple(_narrowed(given, one, n) for n, one in enumerate(details.parse(asked)))


def _narrowed(given: Sequence[Given], asked: Asked, number: int) -> Given:
    for one in given:
        if one.dataset == asked.dataset and asked.purpose in ("", one.purpose):
            wanted = tuple(dict.fromkeys(asked.fields or one.fields))
            within = not one.fields or set(wanted) <= set(one.fields)
            others = tuple(asked.recipients or one.recipients)
            within = within and set(others) <= set(one.recipients)
            if within and (asked.until is None or asked.until <= one.until):
                until = asked.until or one.until
                return replace(one, fields=wanted, until=until, recipients=others)
    raise invalid(f"authorization_details/{number}: this was not granted.")

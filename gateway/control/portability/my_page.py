"""The client as which a resident reads their own data on their own page.

It has no secret, no grant type and no redirect URI, so nobody can ask for a token of it. The
control plane makes one itself, for a resident who has just shown who they are: for two minutes,
with a consent for each data set that is wanted, to the one purpose of reading one's own. It stays
in this process and is sent to the gateway alone; the grant behind it is kept nowhere. To every
gateway and holder it is a token like all others, and what is read with it is in the trail like all
else.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.consent.records import Given
from gateway.control.oauth import clients
from gateway.control.oauth.clients import Client
from gateway.control.oauth.records import Grant, SignIn
from gateway.control.portability.sources import Source
from gateway.control.residents import Resident
from gateway.control.state import Control
from schemas.purposes import OWN

MY_PAGE: Final = "my-page"
LIFETIME: Final = 120
"""Seconds: longer than reading everything may take."""

_CLIENT: Final = Client(
    client_id=MY_PAGE,
    name="わたしのデータ (My data)",
    client_class="internal",
    scopes=(),
    grant_types=(),
    redirect_uris=(),
    auth_method=clients.PUBLIC,
    rate=(6_000, 60),
    purposes=(OWN,),
)


async def ensure(connection: AsyncConnection) -> None:
    """Have it registered, so that gateways know it."""
    held = await clients.find(connection, MY_PAGE)
    await (clients.replace if held else clients.add)(connection, _CLIENT)


def token(control: Control, resident: Resident, how: SignIn, sources: Iterable[Source]) -> str:
    """An access token with which the resident's own data can be read at the sources.

    Args:
        how: the sign-in, for holders that demand a strong one.
    """
    now, wanted = control.now(), list(sources)
    scope = " ".join(sorted({scope for one in wanted for scope in one.scopes}))
    grant = Grant(
        gid=uuid.uuid4().hex,
        client_id=MY_PAGE,
        resident_id=resident.resident_id,
        scope=scope,
        created=now,
        expires=now + LIFETIME,
        auth_time=how.auth_time,
        acr=how.acr,
        amr=how.amr,
        ial=how.ial,
    )
    datasets = {one.dataset.id: one.domain for one in wanted}
    given = [_consent(grant, dataset, domain) for dataset, domain in datasets.items()]
    return control.token_maker(now).make(_CLIENT, scope, grant, given)[0]


def _consent(grant: Grant, dataset: str, domain: str) -> Given:
    return Given(
        consent_id=uuid.uuid4().hex,
        gid=grant.gid,
        client_id=grant.client_id,
        organisation=grant.client_id,
        resident_id=grant.resident_id,
        dataset=dataset,
        domain=domain,
        fields=(),
        purpose=OWN,
        created=grant.created,
        until=grant.expires,
    )

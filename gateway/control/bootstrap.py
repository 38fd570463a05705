"""What exists from the start: APIs, clients and residents from one JSON file.

Read at every start, and idempotent: what is there already is brought to what the file says, except
that a suspended client stays suspended and a resident's password is never set back.
"""

from __future__ import annotations

from dataclasses import replace

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import links, residents
from gateway.control.audit.event import PLATFORM
from gateway.control.bootstrap_file import Api, Bootstrap, BootstrapError, Client, Resident
from gateway.control.catalogue import attached
from gateway.control.catalogue.attached import Attached, upstream_addresses
from gateway.control.consent import linkage
from gateway.control.consent.withdraw import withdraw
from gateway.control.oauth import clients, records
from gateway.control.oauth.registration import ClientMetadata, make_client
from gateway.control.policy.territory import check_name
from gateway.control.portal.people import TestResident
from gateway.control.state import Control


async def apply(control: Control, bootstrap: Bootstrap) -> None:
    """Bring the store to what the file says, in one transaction.

    Raises:
        BootstrapError: a client or an API in it is not acceptable.
    """
    control.provider.config = bootstrap.provider
    control.offer.join = bootstrap.developers.join
    control.offer.residents = tuple(_shown(one) for one in bootstrap.residents if one.synthetic)
    async with control.store.read() as connection:
        known = {
            one.username
            for one in bootstrap.residents
            if await residents.find_by_username(connection, one.username)
        }
    # before the transaction, because it is slow on purpose
    hashes = {
        one.username: await control.passwords.hash(one.password)
        for one in bootstrap.residents
        if one.username not in known
    }
    async with control.publisher.transaction() as connection:
        if bootstrap.linkage:
            await linkage.keep(connection, bootstrap.linkage)
        for api in bootstrap.apis:
            await _apply_api(control, connection, api)
        for client in bootstrap.clients:
            await _apply_client(control, connection, client)
        for resident in bootstrap.residents:
            await _apply_resident(control, connection, resident, hashes)


def _shown(resident: Resident) -> TestResident:
    return TestResident(
        username=resident.username,
        name=resident.name or resident.username,
        story={str(language): text for language, text in resident.story.items()},
        password=resident.password if resident.shown_password else "",
        domains=tuple(sorted(resident.links)),
    )


async def _apply_api(control: Control, connection: AsyncConnection, wanted: Api) -> None:
    try:
        check_name(wanted.name, internal=wanted.internal)
        addresses = upstream_addresses(wanted.document_url, wanted.upstream)
    except ValueError as error:
        raise BootstrapError(f"API {wanted.name!r}: {error}") from error
    held = await attached.find(connection, wanted.name)
    if held is None:
        new = Attached(
            name=wanted.name,
            document_url=wanted.document_url,
            addresses=addresses,
            internal=wanted.internal,
            attached=control.now(),
        )
        await attached.add(connection, new)
    else:
        moved = replace(held, document_url=wanted.document_url, addresses=addresses, etag="")
        await attached.replace(connection, moved)


async def _apply_client(control: Control, connection: AsyncConnection, wanted: Client) -> None:
    try:
        metadata = ClientMetadata.model_validate(
            {
                "client_name": wanted.name,
                "scope": " ".join(wanted.scopes),
                "grant_types": wanted.grant_types,
                "redirect_uris": wanted.redirect_uris,
                "token_endpoint_auth_method": wanted.auth_method or _method(wanted),
                "jwks": wanted.jwks,
                "dpop_bound_access_tokens": wanted.dpop_bound_access_tokens,
                "require_pushed_authorization_requests": (
                    wanted.require_pushed_authorization_requests
                ),
                "purposes": wanted.purposes,
                "organisation": wanted.organisation,
            }
        )
    except ValidationError as error:
        faults = "; ".join(item["msg"] for item in error.errors())
        raise BootstrapError(f"client {wanted.client_id!r}: {faults}") from None
    client, _ = make_client(
        metadata,
        control.secrets,
        control.now(),
        client_class=wanted.client_class,
        rate=wanted.rate,
        quota=wanted.quota,
        client_id=wanted.client_id,
        client_secret=wanted.client_secret or "",
    )
    held = await clients.find(connection, wanted.client_id)
    if held is None:
        await clients.add(connection, client)
    else:
        kept = replace(
            client,
            suspended=held.suspended,
            paused=held.paused,
            revoked_before=held.revoked_before,
            created=held.created,
        )
        await clients.replace(connection, kept)


def _method(wanted: Client) -> str:
    if wanted.jwks:
        return clients.PRIVATE_KEY_JWT
    return clients.BASIC if wanted.client_secret else clients.PUBLIC


async def _apply_resident(
    control: Control, connection: AsyncConnection, wanted: Resident, hashes: dict[str, str]
) -> None:
    held = await residents.find_by_username(connection, wanted.username)
    resident_id = (
        held.resident_id
        if held
        else await residents.add(
            connection,
            wanted.username,
            hashes[wanted.username],
            wanted.name or wanted.username,
            control.now(),
            wanted.proofing,
            synthetic=wanted.synthetic,
        )
    )
    if held and held.synthetic != wanted.synthetic:
        await residents.set_synthetic(connection, resident_id, synthetic=wanted.synthetic)
        for gid in await records.living_grants_in_sandbox(connection, resident_id, control.now()):
            await withdraw(control, connection, gid, actor=PLATFORM)
    for domain, local_id in wanted.links.items():
        await links.want(connection, resident_id, domain, local_id)

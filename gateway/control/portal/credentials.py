"""An application's credentials: a secret that is replaced while both are good, or a public key."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gateway.control.oauth import clients, sandbox
from gateway.control.oauth.clients import Client
from gateway.control.portal import apps, keys
from gateway.control.portal.apps import Made
from gateway.control.secrets import new_token
from gateway.control.staff.accounts import Staff
from gateway.control.state import Control
from schemas.problem import Conflict, Fault, NotFound, Unprocessable
from schemas.scopes import IDENTITY

LONGEST_OVERLAP: Final = 7 * 86_400
"""Seconds for which the secret before may be good beside the new one."""
OVERLAPS: Final = {"none": 0, "hour": 3600, "day": 86_400, "week": LONGEST_OVERLAP}
TRIAL: Final = 900
"""Seconds that a token for trying lives."""


async def rotate(control: Control, staff: Staff, client_id: str, overlap: int) -> Made:
    """A new secret, and the one before for a while.

    Args:
        overlap: seconds for which the present one stays good; at most :data:`LONGEST_OVERLAP`.

    Raises:
        Conflict: the application has no secret.
    """
    if not 0 <= overlap <= LONGEST_OVERLAP:
        fault = Fault("/overlap", f"is 0 to {LONGEST_OVERLAP} seconds")
        raise Unprocessable("Two secrets are good for a week at most.", faults=[fault])
    secret = new_token()

    def rotated(client: Client) -> Client:
        if client.auth_method != clients.BASIC:
            raise Conflict("This application has no secret: it authenticates otherwise.")
        return replace(
            client,
            secret_hash=control.secrets.hash(secret),
            old_secret_hash=client.secret_hash if overlap else "",
            old_secret_until=control.now() + overlap if overlap else 0,
        )

    client = await apps.change_own(
        control, staff, client_id, "rotate-secret", rotated, overlap=overlap
    )
    return Made(client, secret)


async def end_old(control: Control, staff: Staff, client_id: str) -> Client:
    """The secret before the present one is void from now on."""

    def ended(client: Client) -> Client:
        return replace(client, old_secret_hash="", old_secret_until=0)

    return await apps.change_own(control, staff, client_id, "end-old-secret", ended)


async def set_keys(control: Control, staff: Staff, client_id: str, text: str) -> Client:
    """Authenticate by these public keys from now on (``private_key_jwt``), and by no secret.

    Args:
        text: as pasted; see :func:`gateway.control.portal.keys.read`.

    Raises:
        Unprocessable: it holds no public keys.
        Conflict: the application is one without credentials (a public client).
    """
    try:
        jwks = keys.read(text)
    except ValueError as error:
        fault = Fault("/jwks", str(error), "Paste a public JWK, a JWK set, or PEM.")
        raise Unprocessable("This is no public key.", faults=[fault]) from error

    def keyed(client: Client) -> Client:
        if client.is_public:
            raise Conflict("This application has no credentials: register another for that.")
        return replace(
            client,
            auth_method=clients.PRIVATE_KEY_JWT,
            jwks=jwks,
            secret_hash="",
            old_secret_hash="",
            old_secret_until=0,
        )

    return await apps.change_own(control, staff, client_id, "set-keys", keyed)


async def trial(control: Control, staff: Staff, client_id: str) -> tuple[str, str]:
    """A short token of a sandbox application, for trying an API in the browser, and its scope.

    It is what the application would get with its credentials (RFC 6749 §4.4), and is not kept.

    Raises:
        NotFound: no application of the sandbox.
        Conflict: it gets no tokens for itself, or now not.
    """
    async with control.store.write() as connection:
        client = await apps.find(connection, staff, client_id)
        if not client.sandbox:
            raise NotFound("Tokens for trying are of sandbox applications.")
        if client.suspended or clients.CLIENT_CREDENTIALS not in client.grant_types:
            raise Conflict("This application gets no tokens for itself.")
        own = sandbox.self_service(control.publisher.current.apis)
        scope = " ".join(sorted(set(client.scopes) & own - IDENTITY))
        if not scope:
            raise Conflict("This application has no scopes.")
        await control.record(
            connection, staff.account, "client.trial", client_id, scopes=scope.split()
        )
    token, _ = control.token_maker(control.now()).make(client, scope, None, longest=TRIAL)
    return token, scope

"""One request to the authorization server: what came in, what was found, what is to be written.

This is the per-request context of *prefetch, decide, commit*: everything that Authlib may ask for
is here before it runs, and everything that it decides is here when it has.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.consent import carried, details
from gateway.control.consent.carried import Held
from gateway.control.oauth import clients, records, sandbox
from gateway.control.oauth.acting import Acting
from gateway.control.oauth.clients import Client
from gateway.control.oauth.dpop import Proof
from gateway.control.oauth.effects import Effect, RevokeGrant
from gateway.control.oauth.records import Code, Grant, Refresh, SignIn
from gateway.control.policy.compiler import CompiledApi
from gateway.control.secrets import Secrets
from gateway.control.staff import device_requests
from gateway.control.staff import grants as staff_grants
from gateway.control.staff.device_requests import DeviceRequest
from gateway.control.staff.grants import StaffGrant

# Authlib refuses http:// although TLS may end before this process; the address is never compared
_URI = "https://authorization.server/"


@dataclass(slots=True)
class Found:
    """What the store has about a request."""

    client: Client | None = None
    code: Code | None = None
    refresh: Refresh | None = None
    grant: Grant | None = None
    held: Held | None = None
    """The consents of the grant, and what else its client's organisation has of the resident."""
    device: DeviceRequest | None = None
    staff_grant: StaffGrant | None = None
    acting: Acting | None = None
    """For whom the client would act, in a token exchange (RFC 8693)."""
    recipients: dict[str, Client] = field(default_factory=dict)
    """The clients that are named in authorization details, by id."""


class Exchange(OAuth2Request):  # type: ignore[misc]
    """Args:
    method: HTTP method.
    form: the parameters, none repeated.
    basic: client id and secret of the Basic header.
    now: seconds since the epoch; the one time of the whole exchange.
    found: what :func:`prefetch` has read.
    proof: of possession of a key (RFC 9449), where one came with the request.
    """

    def __init__(
        self,
        method: str,
        form: dict[str, str],
        basic: tuple[str, str] | None,
        now: int,
        found: Found,
        proof: Proof | None = None,
    ) -> None:
        super().__init__(method, _URI)
        self.payload = BasicOAuth2Payload(form)
        self.basic = basic
        self.now = now
        self.found = found
        self.proof = proof
        self.sign_in: SignIn | None = None
        """Of the resident who decides, at the authorization endpoint."""
        self.hinted: str | None = None
        """Whom the client's ``id_token_hint`` is about, as it knows them."""
        self.effects: list[Effect | RevokeGrant] = []
        """To be written when the answer is yes."""
        self.penalties: list[Effect | RevokeGrant] = []
        """To be written whatever the answer."""

    @property
    def form(self) -> dict[str, str]:
        data: dict[str, str] = self.payload.data
        return data

    def query_client(self, client_id: str) -> Client | None:
        """The client, unless it is another than was prefetched, or suspended, refused, deleted."""
        client = self.found.client
        if client is None or client.client_id != client_id or client.suspended:
            return None
        return client if client.state in {clients.ACTIVE, clients.PENDING} else None


def claimed_client_id(form: Mapping[str, str], basic: tuple[str, str] | None) -> str:
    """Whom the request says it comes from, before anything is believed.

    Raises:
        InvalidRequestError: several ways of authentication at once (RFC 6749 §2.3), or different
            clients named.
    """
    asserted = _subject(form["client_assertion"]) if "client_assertion" in form else None
    if basic and (asserted is not None or "client_secret" in form):
        raise InvalidRequestError("Use one way of client authentication only.")
    named = {name for name in (basic and basic[0], asserted, form.get("client_id")) if name}
    if len(named) > 1:
        raise InvalidRequestError("The request names two different clients.")
    return named.pop() if named else ""


def _subject(assertion: str) -> str:
    """``sub`` of a JWT that is not yet verified; empty when it cannot be read."""
    try:
        payload = assertion.split(".")[1]
        claims: Any = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["sub"])
    except (ValueError, IndexError, KeyError, TypeError, RecursionError):
        return ""


async def prefetch(
    connection: AsyncConnection,
    secrets: Secrets,
    form: Mapping[str, str],
    basic: tuple[str, str] | None,
    apis: Sequence[CompiledApi],
) -> Found:
    """Read everything that deciding may need.

    Args:
        apis: those in force, by which a sandbox application is confined.
    """
    found = Found()
    if client_id := claimed_client_id(form, basic):
        found.client = sandbox.confined(await clients.find(connection, client_id), apis)
    if code := form.get("code"):
        found.code = await records.find_code(connection, secrets.hash(code))
    for name in ("refresh_token", "token"):
        if (token := form.get(name)) and found.refresh is None:
            found.refresh = await records.find_refresh(connection, secrets.hash(token))
    if device := form.get("device_code"):
        found.device = await device_requests.find(connection, secrets, device)
    if found.device and found.device.gid:
        found.staff_grant = await staff_grants.find(connection, found.device.gid)
    for name in details.recipients_in(form.get(details.PARAMETER)):
        if one := await clients.find(connection, name):
            found.recipients[name] = one
    if holder := found.code or found.refresh:
        grant = await records.find_grant(connection, holder.gid)
        found.grant = grant if await sandbox.fits(connection, found.client, grant) else None
    if found.grant and found.client:
        found.held = await carried.held(connection, found.client, found.grant)
    return found

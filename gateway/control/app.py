"""The control plane as an application: everything is put together here, and only here."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
import orjson
from fastapi import FastAPI

from gateway.control.admin import (
    apis,
    approval,
    asked,
    cache,
    client_access,
    client_ends,
    consents,
    emergency,
    keys,
    linkage,
    preview,
    sectors,
)
from gateway.control.admin import bootstrap as admin_bootstrap
from gateway.control.admin import clients as admin_clients
from gateway.control.admin import residents as residents_api
from gateway.control.audit import accesses, proof_api
from gateway.control.audit import api as audit_api
from gateway.control.audit.checkpoint import Signer
from gateway.control.audit.log import AuditLog
from gateway.control.catalogue import public
from gateway.control.catalogue.attached import upstream_address
from gateway.control.catalogue.fetch import Fetcher
from gateway.control.catalogue.refresher import EVERY
from gateway.control.citymap.part import map_parts
from gateway.control.clock import Clock, utc_now
from gateway.control.console import actions as console_actions
from gateway.control.console import home as console_home
from gateway.control.console import live_page, map_page
from gateway.control.disclosure import api as disclosing
from gateway.control.disclosure import listed
from gateway.control.gateways import api as gateways_api
from gateway.control.gateways import reports
from gateway.control.identity import provider_page, recover_page, safety_page
from gateway.control.identity.provider import Provider
from gateway.control.live import api as live_api
from gateway.control.live.gather import Gatherer
from gateway.control.live.targets import parse_targets
from gateway.control.live.watch import Live
from gateway.control.migrations import VERSIONS
from gateway.control.oauth import (
    authorize,
    introspection,
    manage,
    metadata,
    pushed,
    register,
    revocation,
    token,
    userinfo,
)
from gateway.control.pages import assets_route
from gateway.control.parts import OWN_CLIENT, Parts
from gateway.control.policy import endpoint
from gateway.control.policy.collector import Collector
from gateway.control.policy.compiler import CompiledApi, compile_api
from gateway.control.policy.publisher import Publisher
from gateway.control.policy.territory import territory
from gateway.control.portability import page as portability_page
from gateway.control.portal import api as portal_api
from gateway.control.portal import (
    app_page,
    apps_page,
    authenticator_page,
    join_page,
    quickstarts_page,
    sandbox_page,
    usage_page,
    webhooks_page,
)
from gateway.control.portal import catalogue as portal_catalogue
from gateway.control.portal import events as portal_events
from gateway.control.portal import home as portal_home
from gateway.control.portal import reference as portal_reference
from gateway.control.portal import status as portal_status
from gateway.control.portal.for_app import Tokens
from gateway.control.resident import me, my
from gateway.control.residents import Passwords
from gateway.control.secrets import Secrets
from gateway.control.staff import api as staff_api
from gateway.control.staff import device, device_page, enrolment, sign_in_page
from gateway.control.staff.acting import Acting
from gateway.control.state import Control
from gateway.control.tables import audit_keys
from gateway.control.tables import metadata as tables
from gateway.control.told import api as told_api
from gateway.control.told import metrics, revocations, subjects
from gateway.control.trail import api as trail_api
from gateway.control.trail import page as trail_page
from gateway.control.trail.api import TRAIL
from gateway.control.transparency import api as transparency_api
from gateway.control.usage import api as usage_api
from gateway.control.usage import deprecations
from gateway.control.usage import intake as usage_intake
from schemas.kit.app import create_app
from schemas.kit.client import CityClient
from schemas.kit.envelope import Envelopes
from schemas.kit.outgoing.addresses import networks
from schemas.kit.outgoing.guard import Guard
from schemas.kit.store import Store
from schemas.kit.trust import trusted
from schemas.pseudonym import Pseudonyms
from schemas.xcity import ApiInfo

logger = logging.getLogger(__name__)

_OPEN_API: Final = (
    metadata,
    token,
    authorize,
    pushed,
    revocation,
    introspection,
    register,
    manage,
    userinfo,
    public,
    audit_api,
    proof_api,
    accesses,
    trail_api,
    trail_page,
    transparency_api,
    my,
    portability_page,
    recover_page,
    safety_page,
    provider_page,
    device,
    device_page,
    enrolment,
    sign_in_page,
    assets_route,
    portal_home,
    portal_catalogue,
    portal_reference,
    portal_events,
    portal_status,
    join_page,
    apps_page,
    app_page,
    usage_page,
    webhooks_page,
    authenticator_page,
    sandbox_page,
    quickstarts_page,
    console_home,
    live_page,
    map_page,
    console_actions,
    me,
    endpoint,
    revocations,
    subjects,
    reports,
    metrics,
    usage_intake,
)

_TIMEOUT: Final = 10.0
"""Seconds for an answer of the gateway."""

DESCRIPTION: Final = """\
Authorization server (OAuth 2.1), catalogue, and the operators' API of the data-linkage platform."""


def create_control(
    *,
    public_url: str,
    store_url: str,
    master_key: bytes,
    gateway_key: str,
    bootstrap: Path | None,
    gateway_url: str,
    own_url: str,
    clock: Clock = utc_now,
    passwords: Passwords | None = None,
    fetcher: Fetcher | None = None,
    provider: Provider | None = None,
    refresh_every: float = EVERY,
    deliver_to: str = "",
    metrics_urls: str = "",
    map_base: Path | None = None,
) -> FastAPI:
    """The control plane.

    Args:
        public_url: the address that the world knows; issuer and audience of every token.
        store_url: see :mod:`schemas.kit.store`.
        master_key: at least 32 random bytes; pseudonyms and keys at rest are derived from it.
        gateway_key: by which requests through the gateway are known.
        bootstrap: JSON file of what exists from the start (:mod:`gateway.control.bootstrap_file`).
        gateway_url: the open API, for the control plane's own calls.
        own_url: where the gateway reaches this process.
        clock, passwords, fetcher, provider, refresh_every: replaceable in tests.
        deliver_to: networks inside to which notices may go (:mod:`schemas.kit.outgoing.addresses`).
        metrics_urls: where the other processes' metrics are (:mod:`gateway.control.live.targets`).
        map_base: GeoJSON that the map is drawn on (:mod:`gateway.control.citymap.base`).

    Raises:
        ValueError: what ``metrics_urls`` or ``map_base`` say is not what it should be.
    """
    guard = Guard(networks(deliver_to))
    secrets = Secrets(master_key)
    store = Store(store_url, "control", tables, VERSIONS)
    publisher = Publisher(
        store,
        Collector(secrets, clock, public_url, lambda: own_api(app), upstream_address(own_url)),
    )
    control = Control(
        public_url=public_url,
        store=store,
        secrets=secrets,
        pseudonyms=Pseudonyms(master_key),
        passwords=passwords or Passwords(),
        publisher=publisher,
        fetcher=fetcher or Fetcher(),
        audit=_audit_log(store, public_url, secrets),
        clock=clock,
        provider=provider or Provider(public_url + provider_page.CALLBACK),
    )
    live = _live(control, metrics_urls)
    client = CityClient(gateway_url, OWN_CLIENT, secrets.own_client_secret())
    city_map = map_parts(gateway_url, client, map_base)
    parts = Parts(control, bootstrap, client, refresh_every, guard, live, city_map)
    app = create_app(
        ApiInfo(domain="platform", title_ja="データ連携基盤", datasets=(TRAIL,)),
        title="Supercity platform",
        description=DESCRIPTION,
        prefix="/control/v1",
        routers=[
            preview.router,
            apis.router,
            admin_clients.router,
            client_ends.router,
            approval.router,
            consents.router,
            linkage.router,
            admin_bootstrap.router,
            asked.router,
            client_access.router,
            keys.router,
            cache.router,
            gateways_api.router,
            emergency.router,
            told_api.router,
            portal_api.router,
            staff_api.router,
            residents_api.router,
            sectors.router,
            disclosing.router,
            listed.router,
            trail_api.operators,
            usage_api.router,
            deprecations.router,
            live_api.router,
        ],
        gateway_key=gateway_key,
        lifespan=parts.lifespan,
        ready=parts.ready,
    )
    for module in _OPEN_API:
        app.include_router(module.router)
    sign_in_page.add_handlers(app)
    app.state.control = control
    gateway = httpx.AsyncClient(base_url=gateway_url, timeout=_TIMEOUT, verify=trusted())
    app.state.gateway_http = gateway
    app.state.acting = Acting(
        app, control, gateway_key, gateway, routes=lambda: own_api(app).routes
    )
    app.state.app_tokens = Tokens()
    app.state.guard = guard
    app.state.bootstrap = bootstrap
    app.state.live = live
    app.state.map = city_map
    app.state.jobs = []
    return app


def _live(control: Control, metrics_urls: str) -> Live:
    async def own() -> str:
        return (await metrics.exposition(control)).decode()

    gatherer = Gatherer(parse_targets(metrics_urls), own)
    return Live(gatherer, lambda: control.publisher.current, lambda: control.clock().timestamp())


def _audit_log(store: Store, public_url: str, secrets: Secrets) -> AuditLog:
    signer = Signer(f"{urlsplit(public_url).netloc}/audit", secrets.audit_seed())
    return AuditLog(store, signer, Envelopes(audit_keys, secrets.envelope_seed()))


def own_api(app: FastAPI) -> CompiledApi:
    """The control plane's own API, compiled like any other: from its document."""
    compiled: CompiledApi | None = getattr(app.state, "own_api", None)
    if compiled is None:
        compiled = compile_api(orjson.dumps(app.openapi()), territory("control", internal=True))
        if compiled.faults:
            raise RuntimeError(f"the control plane's own document is refused: {compiled.faults}")
        app.state.own_api = compiled
    return compiled

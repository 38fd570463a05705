"""A resident's token, and somebody else's name: in the path, the query, the body, the header."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.administration.connector import AdministrationConnector
from connectors.payments.connector import PaymentsConnector
from tests.connectors.administration.test_filings import WASTE, ready
from tests.connectors.harness import running
from tests.gateway.core.city import PSEUDONYMS, api, gateway, request, snapshot, token

HERS = PSEUDONYMS.of("hanako", "mobility")
HIS = PSEUDONYMS.of("taro", "mobility")


@pytest.mark.parametrize(
    "name",
    [
        HERS,
        PSEUDONYMS.of("hanako", "client:app"),
        PSEUDONYMS.of("taro", "medical"),
        "hanako",
        "taro",
        "Me",
        "m%65%20",
        "me%00",
        "me;hanako",
        "me,hanako",
        f"me%2F..%2F{HERS}",
        "*",
        "%2A",
    ],
)
async def test_another_name_in_the_path_is_refused(name: str) -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        reply = await city.get(f"/residents/{name}/records", token(resident="taro"))
        assert reply.status in {400, 403, 404}
        assert behind.heads == []


@pytest.mark.parametrize("name", ["me", "%6de", "m%65", HIS])
async def test_whatever_ones_own_name_is_written_as_the_api_hears_one(name: str) -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        reply = await city.get(f"/residents/{name}/records", token(resident="taro"))
        assert reply.status == 200
        assert behind.heads[-1].startswith(f"GET /residents/{HIS}/records ".encode())


@pytest.mark.parametrize(
    "field",
    [
        "X-City-Subject: {hers}",
        "x-city-subject:{hers}",
        "X-CITY-SUBJECT: {hers}",
        "X-City-Client: operator",
        "X-City-Scope: medical:read operator:apis",
        "X-City-Gateway-Key: guess",
        "X-City-Grant: other",
        "X-City-Consents: []",
        "X-City-Anything: else",
    ],
)
async def test_an_identity_that_a_client_writes_is_never_passed_on(field: str) -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        sent = field.format(hers=HERS)
        reply = await city.get("/residents/me/records", token(resident="taro"), sent)
        assert reply.status == 200
        head = behind.heads[-1].decode().lower()
        assert head.count("x-city-subject:") == 1
        assert behind.head("x-city-subject") == HIS
        assert HERS not in head
        assert "guess" not in head
        assert "x-city-anything" not in head


@pytest.mark.parametrize("field", ["X_City_Subject: {hers}", "X-City-Subject : {hers}"])
async def test_a_field_that_two_servers_would_read_differently_is_refused(field: str) -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        reply = await city.get("/stops", token(resident="taro"), field.format(hers=HERS))
        assert reply.status == 400
        assert behind.heads == []


async def test_a_field_named_as_to_be_dropped_on_the_way_does_not_drop_the_identity() -> None:
    """RFC 9110 §7.6.1: a client may name any field in Connection."""
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        fields = ("Connection: X-City-Subject, X-City-Gateway-Key",)
        reply = await city.get("/residents/me/records", token(resident="taro"), *fields)
        if reply.status == 200:
            assert behind.head("x-city-subject") == HIS
            assert behind.head("x-city-gateway-key") is not None
        else:
            assert behind.heads == []


async def test_a_name_in_the_query_or_the_body_is_nothing_to_the_gateway() -> None:
    """Who it is about comes from the token; an API that looks elsewhere still hears that."""
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        path = f"/residents/me/records?resident={HERS}&subject={HERS}"
        assert (await city.ask(request(path, token(resident="taro")))).status == 200
        assert behind.head("x-city-subject") == HIS


_SUBJECT = {"x-city-client": "app", "x-city-subject": "taro-here", "x-city-scope": ""}


@pytest.mark.parametrize("member", ["resident", "subject", "owner", "applicant"])
async def test_a_filing_is_the_tokens_residents_whatever_its_body_says(
    tmp_path: Path, member: str
) -> None:
    base = "/administration/v1/residents"
    async with running(AdministrationConnector, tmp_path) as run:
        await ready(run)
        sent = {**_SUBJECT, "idempotency-key": "k"}
        body = {**WASTE, member: "hanako-here"}
        await run.api.post(f"{base}/me/filings", json=body, headers=sent)
        hers = {**_SUBJECT, "x-city-subject": "hanako-here"}
        assert (await run.api.get(f"{base}/me/filings", headers=hers)).json()["items"] == []
        swapped = await run.api.get(f"{base}/hanako-here/filings", headers=_SUBJECT)
        assert swapped.status_code in {403, 404}


async def test_nobody_pays_from_an_account_by_naming_it(tmp_path: Path) -> None:
    base = "/payments/v1"
    async with running(PaymentsConnector, tmp_path) as run:
        for account, owner in (("hers", "shop-of-hers"), ("his", "app")):
            order: dict[str, Any] = {"name": account, "currency": "JPY", "owner": owner}
            made = await run.api.put(
                f"{base}/accounts/{account}", json={**order, "openingBalance": "100"}
            )
            assert made.is_success
        order = {
            "amount": "10",
            "currency": "JPY",
            "debtorAccount": "hers",
            "creditorAccount": "his",
        }
        headers = {**_SUBJECT, "idempotency-key": "k"}
        for path in ("payments", "residents/me/payments"):
            answer = await run.api.post(f"{base}/{path}", json=order, headers=headers)
            assert 400 <= answer.status_code < 500, path
        seen = await run.api.get(
            f"{base}/accounts/hers", headers={**_SUBJECT, "x-city-client": "shop-of-hers"}
        )
        assert seen.json()["balance"] == "100"

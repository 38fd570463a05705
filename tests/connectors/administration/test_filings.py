from __future__ import annotations

import asyncio
import json
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest

from connectors.administration.connector import AdministrationConnector
from connectors.administration.filings import NEXT, Decision, check
from connectors.administration.sample import procedures
from schemas.administration import FilingState
from schemas.problem import Conflict, Unprocessable
from tests.connectors.harness import Running, running

BASE = "/administration/v1"
FILINGS = f"{BASE}/residents/me/filings"
HANA = {"x-city-subject": "pseudonym-hana", "x-city-client": "partner"}
TARO = {"x-city-subject": "pseudonym-taro", "x-city-client": "partner"}
WASTE = {
    "procedure": "bulky-waste",
    "fields": {"items": ["古い机"], "preferredDate": "2026-12-01"},
}
STATES = get_args(FilingState)


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """Each store that the platform speaks; SQLite is the connector's own default."""
    if request.param == "sqlite":
        return ""
    return str(request.getfixturevalue("postgres_once"))


async def ready(run: Running) -> None:
    raw = procedures(run.connector.clock())
    assert (await run.api.put(f"{BASE}/feeds/procedures", content=raw)).status_code == 200


async def decide(run: Running, filing: str, state: str, note: str = "") -> int:
    body = {"state": state, "note": note}
    return (await run.api.post(f"{BASE}/filings/{filing}/decision", json=body)).status_code


@pytest.mark.parametrize(("now", "then"), list(product(STATES, STATES)))
def test_a_filing_goes_only_where_the_rules_let_it(now: FilingState, then: FilingState) -> None:
    decision = Decision(state=then, note="because")
    if then in NEXT[now]:
        check(now, decision)
    else:
        with pytest.raises(Conflict):
            check(now, decision)


def test_returning_needs_a_reason() -> None:
    with pytest.raises(Unprocessable):
        check("in-review", Decision(state="returned", note=" "))


async def test_a_filing_is_filed_followed_and_decided(tmp_path: Path, store_url: str) -> None:
    async with running(AdministrationConnector, tmp_path, store_url=store_url) as run:
        await ready(run)
        filed = await run.api.post(FILINGS, json=WASTE, headers=HANA)
        assert filed.status_code == 201
        identity = filed.json()["id"]
        queue = (await run.api.get(f"{BASE}/filings?state=received")).json()
        assert [item["id"] for item in queue["items"]] == [identity]
        assert await decide(run, identity, "accepted") == 409
        assert await decide(run, identity, "in-review") == 200
        assert await decide(run, identity, "accepted") == 200
        assert await decide(run, identity, "returned", "too late") == 409
        followed = (await run.api.get(f"{FILINGS}/{identity}", headers=HANA)).json()
        states = [step["state"] for step in followed["history"]]
        assert states == ["received", "in-review", "accepted"]
        assert followed["fields"] == WASTE["fields"]
        assert await decide(run, "nothing", "in-review") == 404


async def test_events_name_the_person_by_pseudonym_and_no_content(
    tmp_path: Path,
) -> None:
    async with running(AdministrationConnector, tmp_path) as run:
        await ready(run)
        filed = (await run.api.post(FILINGS, json=WASTE, headers=HANA)).json()
        await decide(run, filed["id"], "in-review")
        await decide(run, filed["id"], "returned", "名前を確認してください")
        await run.said.until(lambda said: len(said.events()) == 2)
        received, decided = run.said.events()
        assert received["type"] == "city.administration.filing.received"
        assert decided["type"] == "city.administration.filing.decided"
        assert decided["data"]["state"] == "returned"
        assert decided["subject"] == received["subject"] == HANA["x-city-subject"]
        said = json.dumps(run.said.events(), ensure_ascii=False)
        assert not any(word in said for word in ("partner", "古い机", "名前"))


async def test_one_resident_never_sees_anothers_filing(tmp_path: Path) -> None:
    async with running(AdministrationConnector, tmp_path) as run:
        await ready(run)
        identity = (await run.api.post(FILINGS, json=WASTE, headers=HANA)).json()["id"]
        assert (await run.api.get(f"{FILINGS}/{identity}", headers=TARO)).status_code == 404
        assert (await run.api.get(FILINGS, headers=TARO)).json()["total"] == 0
        assert (await run.api.get(FILINGS, headers=HANA)).json()["total"] == 1
        other = f"{BASE}/residents/pseudonym-hana/filings"
        assert (await run.api.get(other, headers=TARO)).status_code == 404
        assert (await run.api.get(FILINGS)).status_code == 403


async def test_one_key_files_once_however_often_and_at_once(tmp_path: Path, store_url: str) -> None:
    async with running(AdministrationConnector, tmp_path, store_url=store_url) as run:
        await ready(run)
        headers = {**HANA, "idempotency-key": "k-1"}

        async def file(body: Any, headers: dict[str, str]) -> Any:
            return await run.api.post(FILINGS, json=body, headers=headers)

        answers = await asyncio.gather(*(file(WASTE, headers) for _ in range(8)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        changed = {**WASTE, "fields": {**WASTE["fields"], "preferredDate": "2026-12-02"}}  # type: ignore[dict-item]
        assert (await file(changed, headers)).status_code == 422
        another_client = {**headers, "x-city-client": "another"}
        assert (await file(changed, another_client)).status_code == 201
        assert (await file(changed, {**TARO, "idempotency-key": "k-1"})).status_code == 201
        assert (await run.api.get(FILINGS, headers=HANA)).json()["total"] == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"procedure": "unknown", "fields": {}}, 404),
        ({"procedure": "bulky-waste", "fields": {}}, 422),
        ({"procedure": "bulky-waste", "fields": {"items": [2**70]}}, 422),
        ({"procedure": "bulky-waste"}, 422),
        ([], 422),
    ],
)
async def test_what_cannot_be_filed_is_refused(tmp_path: Path, body: Any, status: int) -> None:
    async with running(AdministrationConnector, tmp_path) as run:
        await ready(run)
        answer = await run.api.post(FILINGS, json=body, headers=HANA)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert (await run.api.get(FILINGS, headers=HANA)).json()["total"] == 0


async def test_json_that_readers_differ_on_is_refused(tmp_path: Path) -> None:
    async with running(AdministrationConnector, tmp_path) as run:
        await ready(run)
        for value in (b"NaN", b'"\\ud800"', b"1" * 400):
            raw = b'{"procedure": "bulky-waste", "fields": {"items": [' + value + b"]}}"
            answer = await run.api.post(
                FILINGS, content=raw, headers={**HANA, "content-type": "application/json"}
            )
            assert answer.status_code == 422, value


async def test_filings_survive_a_restart(tmp_path: Path) -> None:
    async with running(AdministrationConnector, tmp_path) as run:
        await ready(run)
        filed = (await run.api.post(FILINGS, json=WASTE, headers=HANA)).json()
    async with running(AdministrationConnector, tmp_path) as run:
        assert (await run.api.get(FILINGS, headers=HANA)).json()["items"] == [filed]


async def test_net_migration_is_answered_and_published(tmp_path: Path) -> None:
    async with running(AdministrationConnector, tmp_path) as run:
        answer = (await run.api.get(f"{BASE}/statistics/net-migration")).json()
        assert answer["months"][25] == {"month": "2021-02", "net": None}
        assert answer["changes"][0]["percent"] == -55.7
        assert len(answer["inconsistencies"]) == 3
        await run.said.until(lambda said: len(said.entities()) == 3)
        years = run.said.entities()
        assert years["urn:ngsi-ld:NetMigration:130001:2019"]["net"]["value"] == 86_575
        unfinished = years["urn:ngsi-ld:NetMigration:130001:2021"]
        assert "net" not in unfinished
        assert unfinished["months"]["value"] == [{"month": "2021-01", "net": -1334}]

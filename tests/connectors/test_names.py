"""Residents' names that change: nothing is lost, and both names are understood meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.administration.connector import AdministrationConnector
from connectors.medical.connector import MedicalConnector
from tests.connectors.administration.test_filings import FILINGS, WASTE, ready
from tests.connectors.harness import Running, running

OLD, NEW = "pseudonym-of-hana", "another-name-of-hana"
BASE = "/administration/v1"


def as_(subject: str) -> dict[str, str]:
    return {"x-city-subject": subject, "x-city-client": "partner"}


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return ""
    return str(request.getfixturevalue("postgres_server").database())


async def rename(run: Running, base: str, **changes: str) -> int:
    body = {"old": OLD, "new": NEW, **changes}
    return (await run.api.post(f"{base}/names", json=body)).status_code


async def listed(run: Running, subject: str) -> list[Any]:
    found: list[Any] = (await run.api.get(FILINGS, headers=as_(subject))).json()["items"]
    return found


async def test_what_lies_under_the_old_name_is_there_under_both(
    tmp_path: Path, store_url: str
) -> None:
    async with running(AdministrationConnector, tmp_path, store_url=store_url) as run:
        await ready(run)
        await run.api.post(FILINGS, json=WASTE, headers=as_(OLD))
        assert await rename(run, BASE) == 204
        assert len(await listed(run, NEW)) == 1
        await run.api.post(FILINGS, json=WASTE, headers=as_(OLD))  # a gateway not told yet
        assert await listed(run, NEW) == await listed(run, OLD)
        assert len(await listed(run, NEW)) == 2
        assert await rename(run, BASE) == 204, "told again, as after a lost answer"
        told = await run.api.post(f"{BASE}/names/forgotten", json={"old": OLD})
        assert told.status_code == 204
        assert await listed(run, OLD) == []
        assert len(await listed(run, NEW)) == 2


async def test_a_key_for_the_same_filing_is_the_same_after_the_name_has_changed(
    tmp_path: Path,
) -> None:
    async with running(AdministrationConnector, tmp_path) as run:
        await ready(run)
        key = {"idempotency-key": "once"}
        first = await run.api.post(FILINGS, json=WASTE, headers=as_(OLD) | key)
        await rename(run, BASE)
        again = await run.api.post(FILINGS, json=WASTE, headers=as_(NEW) | key)
        assert again.json()["id"] == first.json()["id"]


async def test_a_link_is_found_under_both_names_and_a_younger_one_stays(
    tmp_path: Path, store_url: str
) -> None:
    async with running(MedicalConnector, tmp_path, store_url=store_url) as run:
        base = "/medical/v1"
        link = {"subject": OLD, "localId": "patient-7"}
        await run.api.post(f"{base}/links", json=link)
        await rename(run, base)
        links = run.connector.links  # type: ignore[attr-defined]
        assert await links.local_id(OLD) == await links.local_id(NEW) == "patient-7"
        await run.api.post(f"{base}/links", json=link | {"subject": NEW, "localId": "patient-8"})
        await run.api.post(f"{base}/links", json=link)  # late, by a process that knew the old name
        await rename(run, base)
        assert await links.local_id(OLD) == await links.local_id(NEW) == "patient-8"


@pytest.mark.parametrize("changes", [{"old": ""}, {"new": "x"}, {"new": "no/slash/please"}])
async def test_what_is_no_name_is_refused(tmp_path: Path, changes: dict[str, str]) -> None:
    async with running(AdministrationConnector, tmp_path) as run:
        assert await rename(run, BASE, **changes) == 422


async def test_a_name_for_itself_changes_nothing(tmp_path: Path) -> None:
    async with running(AdministrationConnector, tmp_path) as run:
        await ready(run)
        await run.api.post(FILINGS, json=WASTE, headers=as_(OLD))
        assert await rename(run, BASE, new=OLD) == 204
        assert len(await listed(run, OLD)) == 1

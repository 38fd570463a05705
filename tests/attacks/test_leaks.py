"""What a city leaves behind when residents used it: searched by value, in every file and metric.

The values are secrets and a person's data that this test itself has seen go through. They are
looked for as bytes, so that no format hides them.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from gateway.up.plan import Ports
from tests.journeys.browser import Browser
from tests.journeys.city import City, until
from tests.journeys.partner import REDIRECT, Partner
from tests.journeys.test_residents import RECORDS

pytestmark = pytest.mark.timeout(300)

PAPERS = {
    "secrets.json",
    "bootstrap.json",
    "sample-app.json",
    "sample-partner.json",
    "operator.json",
    "up.out",  # what was printed to the person who started the city
}
"""By which the folder's owner, and nobody else, knows the sample city's passwords."""


@dataclass(frozen=True)
class Left:
    """What a resident's visit put through the city.

    Attributes:
        secrets: by what they are.
        person: the same, of what is about the person.
    """

    secrets: dict[str, str]
    person: dict[str, str]


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def visit(city: City) -> Left:
    """Hana signs in, gives consent, and her record is read; the way back is her app's."""
    browser, partner = Browser(city), Partner(city)
    back = browser.allow(partner.authorize_url("medical:records"), "hana")
    tokens = partner.redeem(back["code"]).json()
    fresh = partner.refresh(tokens["refresh_token"]).json()
    with city.bearer(fresh["access_token"]) as http:
        record = until(lambda: (a := http.get(RECORDS)).status_code == 200 and a)
        http.get(RECORDS.replace("me", "patient-hana"))
        http.get("/mobility/v1/stops", params={"patient": "patient-hana", "name": "花さん"})
    session = next(value for value in browser.cookies.values())
    claims = claims_of(fresh["access_token"])
    partner.revoke(fresh["refresh_token"])
    return Left(
        {
            "password": city.password("hana"),
            "session": session,
            "code": back["code"],
            "verifier": partner.verifier,
            "state": partner.state,
            "first access token": tokens["access_token"].rpartition(".")[2],
            "access token": fresh["access_token"].rpartition(".")[2],
            "refresh token": tokens["refresh_token"],
            "second refresh token": fresh["refresh_token"],
            "client secret": city.secret("sample-partner"),
            "operator's secret": city.secret("operator"),
        },
        {
            "local id": "patient-hana",
            "pseudonym": claims["sub"],
            "sealed resident": claims["rid"],
            **{
                f"record's {one['resource']['resourceType']} id": one["resource"]["id"]
                for one in record.json()["entry"]
                if one["resource"]["resourceType"] != "Patient"  # the link's two ends know that
            },
            "query": "花さん",
        },
    )


@pytest.fixture(scope="module")
def left(city: City) -> Left:
    return visit(city)


def forms(value: str) -> set[bytes]:
    """As it is, as URLs carry it, and as JSON in ASCII does."""
    return {value.encode(), quote(value).encode(), json.dumps(value)[1:-1].encode()}


def files(city: City) -> Iterator[tuple[str, bytes]]:
    for path in sorted(city.folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(city.folder).as_posix(), path.read_bytes()


def found_in(where: Iterator[tuple[str, bytes]], values: dict[str, str]) -> set[tuple[str, str]]:
    return {
        (place, name)
        for place, raw in where
        for name, value in values.items()
        if any(form in raw for form in forms(value))
    }


def metrics(city: City) -> Iterator[tuple[str, bytes]]:
    """The metrics of every process that has some."""
    ports = Ports(int(city.url.rpartition(":")[2]))
    for port in ports.all().values():
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10)
        except httpx.TransportError:
            continue
        if answer.status_code == 200:
            yield f"metrics of {port}", answer.content


def test_no_secret_is_anywhere_in_clear(city: City, left: Left) -> None:
    everywhere = ((name, raw) for name, raw in files(city) if name not in PAPERS)
    assert found_in(everywhere, left.secrets) == set()


def test_logs_know_no_person(city: City, left: Left) -> None:
    logs = [(name, raw) for name, raw in files(city) if name.startswith("logs/")]
    assert sum(len(raw) for _, raw in logs) > 1_000, "there is something to search"
    assert found_in(iter(logs), left.person | left.secrets) == set()


def test_metrics_know_no_person(city: City, left: Left) -> None:
    pages = [*metrics(city)]
    assert len(pages) >= 2
    assert any(b"supercity_gateway_requests_total" in page for _, page in pages)
    assert found_in(iter(pages), left.person | left.secrets) == set()


def test_the_gateways_own_files_know_no_person(city: City, left: Left) -> None:
    own = [(name, raw) for name, raw in files(city) if name.startswith("gateway/")]
    assert own
    assert found_in(iter(own), left.person | left.secrets) == set()


def test_a_record_is_with_its_holder_and_where_it_is_published(city: City, left: Left) -> None:
    """Nobody else keeps the person's data: not the gateway, nor the other domains."""
    held = {name for name, what in found_in(files(city), left.person) if what.startswith("record")}
    assert held, "the search finds what is there"
    may = re.compile(r"store/(medical|broker)\.db(-wal)?|log(-wal)?")
    assert {name for name in held if not may.fullmatch(name)} == set()


def test_what_the_browser_was_sent_stays_out_of_addresses(city: City, left: Left) -> None:
    """Nothing lasting is in a URL, which ends up in histories and in other sites' logs."""
    url = Partner(city).authorize_url("medical:records")
    answer = Browser(city).sign_in(url, "hana", city.password("hana"))
    assert city.password("hana") not in str(answer.url)
    assert REDIRECT not in answer.headers.get("location", "")
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_files_are_their_owners_alone(city: City) -> None:
    papers = [city.folder / name for name in PAPERS - {"up.out"}]
    assert all(Path(paper).stat().st_mode & 0o077 == 0 for paper in papers)

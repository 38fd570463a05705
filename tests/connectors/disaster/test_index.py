from __future__ import annotations

import httpx
import pytest

from connectors.disaster.index import Follower, Index, read_alert_or_index
from connectors.disaster.report import Report
from connectors.upstream import DataHolder
from schemas.problem import Unprocessable
from tests.connectors.disaster.documents import cap, quake

HOST = "https://office.example"
DOCUMENTS = {"/data/1.xml": cap("a1"), "/data/2.xml": quake(), "/data/forecast.xml": b"<forecast/>"}


def atom(*links: str) -> bytes:
    entries = "".join(f'<entry><title>t</title><link href="{link}"/></entry>' for link in links)
    return f'<feed xmlns="http://www.w3.org/2005/Atom">{entries}</feed>'.encode()


class Office:
    """A weather office: counts what is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.down = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if self.down:
            return httpx.Response(404)
        return httpx.Response(200, content=DOCUMENTS[request.url.path])


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def taken() -> list[Report]:
    return []


@pytest.fixture
def follower(office: Office, taken: list[Report]) -> Follower:
    async def accept(report: Report) -> bool:
        taken.append(report)
        return True

    http = httpx.AsyncClient(transport=httpx.MockTransport(office))
    holder = DataHolder(limit=1_000_000, http=http)
    return Follower(f"{HOST}/feed/extra.xml", accept, holder)


def index(*links: str) -> Index:
    found = read_alert_or_index(atom(*links))
    assert isinstance(found, Index)
    return found


async def test_links_are_followed_once_oldest_first(
    follower: Follower, office: Office, taken: list[Report]
) -> None:
    both = index(f"{HOST}/data/2.xml", "/data/1.xml")
    assert await follower.follow(both) == 2
    assert [report.standard for report in taken] == ["CAP 1.2", "JMA XML 1"]
    assert await follower.follow(both) == 0
    assert len(office.asked) == 2


async def test_what_is_no_alert_is_passed_over_for_good(
    follower: Follower, office: Office, taken: list[Report]
) -> None:
    both = index("/data/1.xml", "/data/forecast.xml")
    assert await follower.follow(both) == 1
    await follower.follow(both)
    assert len(office.asked) == 2


async def test_a_link_that_did_not_answer_is_tried_again(
    follower: Follower, office: Office, taken: list[Report]
) -> None:
    office.down = True
    assert await follower.follow(index("/data/1.xml")) == 0
    office.down = False
    assert await follower.follow(index("/data/1.xml")) == 1


@pytest.mark.parametrize(
    "link",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1:9000/metrics",
        "http://office.example/data/1.xml",
        "https://office.example:8443/data/1.xml",
        "https://office.example@evil.example/data/1.xml",
        "//evil.example/1.xml",
        "file:///etc/passwd",
    ],
)
async def test_an_index_cannot_point_elsewhere(
    follower: Follower, office: Office, taken: list[Report], link: str
) -> None:
    assert await follower.follow(index(link)) == 0
    assert not office.asked
    assert not taken


async def test_an_index_cannot_be_pushed(taken: list[Report]) -> None:
    async def accept(report: Report) -> bool:
        raise AssertionError(report)

    follower = Follower("", accept)
    with pytest.raises(Unprocessable):
        await follower.follow(index("/data/1.xml"))
    await follower.close()


def test_an_entry_without_a_link_is_refused() -> None:
    with pytest.raises(Unprocessable) as refused:
        read_alert_or_index(b'<feed xmlns="http://www.w3.org/2005/Atom"><entry/></feed>')
    assert refused.value.faults[0].where == "/feed/entry[1] (line 1)"


def test_a_lone_alert_is_read_as_one() -> None:
    assert isinstance(read_alert_or_index(cap()), Report)

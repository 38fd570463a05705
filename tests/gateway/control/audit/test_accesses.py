"""What gateway workers ship is in the log, once each and in order."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway.control.audit.accesses import NOW, access, logged, send
from tests.gateway.control.city import City


async def test_an_access_is_an_event_with_all_that_is_known_of_it(small_city: City) -> None:
    assert (await send(small_city, access())).json() == {"next": 1}
    (event,) = await logged(small_city, subject="hanako")
    assert event == {
        "number": 0,
        "at": NOW,
        "client": "app",
        "action": "data.access",
        "target": "medical.listAppointments",
        "subject": "hanako",
        "detail": {
            "dataset": "appointments",
            "purpose": "transport-to-care",
            "fields": ["time"],
            "consent": "c1",
            "grant": "g1",
            "method": "GET",
            "request": "r0",
            "status": 200,
        },
        "outcome": "done",
        "erased": False,
    }


async def test_a_piece_sent_again_adds_what_is_new_of_it(city: City) -> None:
    first = [access(number) for number in range(3)]
    assert (await send(city, *first)).json() == {"next": 3}
    assert (await send(city, *first)).json() == {"next": 3}
    assert (await send(city, access(2), access(3), first=2)).json() == {"next": 4}
    assert (await send(city, access(9), journal="other")).json() == {"next": 1}
    assert (await send(city)).json() == {"next": 4}
    found = (await logged(city))[::-1]
    assert [one["detail"]["request"] for one in found] == ["r0", "r1", "r2", "r3", "r9"]


async def test_pieces_sent_at_once_are_there_once(city: City) -> None:
    piece = [access(number) for number in range(5)]
    await asyncio.gather(*(send(city, *piece) for _ in range(4)))
    assert len(await logged(city)) == 5


async def test_a_gap_is_told_and_what_comes_after_it_is_taken(small_city: City) -> None:
    await send(small_city, access(0))
    assert (await send(small_city, access(5), first=5)).json() == {"next": 6}
    newest, gap, _ = await logged(small_city)
    assert newest["detail"]["request"] == "r5"
    assert (gap["action"], gap["detail"]) == ("trail.gap", {"first": 1, "upto": 5})


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "done"),
        (101, "done"),
        (304, "done"),
        (0, "unknown"),
        (403, "refused"),
        (502, "failed"),
    ],
)
async def test_the_outcome_is_told(small_city: City, status: int, outcome: str) -> None:
    await send(small_city, access(status=status))
    assert (await logged(small_city))[0]["outcome"] == outcome


async def test_only_the_gateway_tells_of_accesses(small_city: City) -> None:
    headers = {"x-city-gateway-key": "wrong"}
    answer = await small_city.http.post("/internal/accesses", json={}, headers=headers)
    assert answer.status_code == 403
    paths = [route["path"] for route in (await small_city.policy())["routes"]]
    assert not [path for path in paths if path.startswith("/internal")]

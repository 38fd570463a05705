"""What clients do is counted by client and operation, and nothing of residents is in it."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.telemetry.usage import KINDS, Counted, Usage
from schemas.usage import LATENCY_BOUNDS, OTHER, Use
from tests.gateway.core.city import ROUTES, always, api, client, gateway, route, snapshot, token


def by_pair(uses: list[Use]) -> dict[tuple[str, str], Use]:
    return {(use["client"], use["route"]): use for use in uses}


async def test_requests_are_counted_by_client_and_operation() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        for _ in range(3):
            await city.get("/stops", token())
        await city.get("/stops", token(client_id="other"))
        await city.get("/stops/9", token("nothing:useful"))
        await city.get("/open")  # nobody's
        await city.get("/stops")
        found = by_pair(city.core.usage.take().pop(100))
        assert city.core.usage.take().pop(100) == []
    assert set(found) == {
        ("app", "test.get-stops"), ("other", "test.get-stops"), ("app", "test.get-stops-{stop}"),
    }  # fmt: skip
    stops = found["app", "test.get-stops"]
    assert stops["statuses"] == [0, 0, 3, 0, 0, 0]
    assert sum(stops["latency"]) == 3
    assert len(stops["latency"]) == len(LATENCY_BOUNDS) + 1
    assert "errors" not in stops
    refused = found["app", "test.get-stops-{stop}"]
    assert refused["statuses"][4] == 1
    assert refused["errors"] == {"insufficient-scope": 1}


async def test_errors_say_whose_they_are() -> None:
    lost = always(b"HTTP/1.1 404 X\r\ncontent-length: 0\r\n\r\n")
    async with api(lost) as behind, gateway(snapshot(behind.port)) as city:
        await city.get("/stops", token())
        (use,) = city.core.usage.take().pop(1)
    assert use["errors"] == {"http-404": 1}
    async with gateway(snapshot(behind.port)) as city:  # nobody is there any more
        await city.get("/stops", token())
        (use,) = city.core.usage.take().pop(1)
    assert use["errors"] == {"connect": 1}


async def test_what_a_quota_is_spent_on_is_counted_apart() -> None:
    some = [*ROUTES, route("/counted", quota=5)]
    clients = {"app": client(quota=3), "other": client()}
    async with api() as behind, gateway(snapshot(behind.port, routes=some, clients=clients)) as c:
        for _ in range(4):
            await c.get("/counted", token())
        await c.get("/counted", token(client_id="other"))
        await c.get("/counted", token("nothing:useful"))  # costs nothing
        found = by_pair(c.core.usage.take().pop(100))
    app = found["app", "test.get-counted"]
    assert app["statuses"][2] == 3
    assert app["errors"] == {"quota-client-day": 1, "insufficient-scope": 1}
    assert (app["spent"], app["spent_on_route"]) == (3, 3)
    other = found["other", "test.get-counted"]
    assert "spent" not in other
    assert other["spent_on_route"] == 1


async def test_a_residents_app_is_counted_and_no_resident() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        await city.get("/residents/me/records", token(resident="hanako"))
        uses = city.core.usage.take().pop(10)
    (use,) = uses
    assert use["client"] == "app"
    assert b"hanako" not in orjson.dumps(uses)
    assert set(use) <= set(Use.__annotations__)


def test_pairs_and_kinds_are_bounded_and_nothing_is_lost() -> None:
    usage = Usage(most=3)
    for number in range(10):
        usage.note(f"client-{number}", "route", 200, 0, "")
    for number in range(KINDS + 9):
        usage.note("client-0", "route", 400, 0, f"kind-{number}")
    found = by_pair(usage.take().pop(100))
    assert len(found) == 4
    assert found[OTHER, OTHER]["statuses"][2] == 7
    errors = found["client-0", "route"]["errors"]
    assert len(errors) == KINDS + 1
    assert sum(errors.values()) == KINDS + 9


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), max_size=60),
    st.integers(1, 5),
    st.integers(1, 20),
)
def test_added_up_and_taken_in_pieces_the_sum_is_the_same(
    pairs: Any, most: Any, piece: Any
) -> None:
    kept = Counted(most)
    for start in range(0, len(pairs), 7):
        usage = Usage(100)
        for who, what in pairs[start : start + 7]:
            usage.note(who, what, 500, 2, "")
        kept.add(usage.take())
    total = 0
    while uses := kept.pop(piece):
        assert len(uses) <= piece
        total += sum(use["statuses"][5] for use in uses)
        assert all(use["errors"]["http-500"] == use["statuses"][5] for use in uses)
    assert total == len(pairs)
    assert kept.pairs == 0

"""How many requests a client may make in a day, and when a day is over."""

from __future__ import annotations

from datetime import UTC, datetime
from time import time
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.access.counts import LeasedCounts
from gateway.core.access.quotas import Day, OwnCounts, Quota, Quotas, day_of
from gateway.core.policy.check import Invalid
from gateway.core.reply import Refused
from tests.gateway.core.access.test_limits import few, statuses
from tests.gateway.core.city import ROUTES, api, client, gateway, route, snapshot, token

TODAY = Day("2026-11-24", 86_400.0)


def spent(counts: Quotas, quota: Quota, times: int, key: str = "k") -> int:
    """How many of ``times`` requests are granted."""
    count = 0
    for _ in range(times):
        try:
            counts.spend(key, quota, 0.0)
        except Refused:
            continue
        count += 1
    return count


@given(st.integers(1, 200), st.integers(1, 8))
def test_workers_together_never_grant_more_than_was_stated(requests: int, workers: int) -> None:
    quota = Quota(requests, "client-day", workers)
    granted = 0
    for _ in range(workers):
        counts = OwnCounts(10)
        counts.turn(TODAY)
        granted += spent(counts, quota, requests)
    assert requests - workers < granted <= max(requests, workers)


def test_another_day_begins_at_nothing_and_the_same_day_goes_on() -> None:
    counts, quota = OwnCounts(10), Quota(3, "client-day", 1)
    counts.turn(TODAY)
    assert spent(counts, quota, 5) == 3
    counts.turn(Day(TODAY.name, 80_000.0))
    assert spent(counts, quota, 5) == 0
    counts.turn(Day("2026-11-25", 90_000.0))
    assert spent(counts, quota, 5) == 3


@pytest.mark.parametrize("counts", [OwnCounts(2), LeasedCounts(2)])
def test_the_number_of_counts_is_bounded(counts: Quotas) -> None:
    counts.turn(TODAY)
    quota = Quota(10, "route-day", 1)
    assert [spent(counts, quota, 1, f"{n}") for n in range(30)].count(1) < 30
    assert len(counts) == 3


@settings(max_examples=40, deadline=None)
@given(st.integers(10, 500), st.integers(1, 4), st.integers(0, 500))
def test_who_has_nearly_used_up_a_quota_is_known(requests: int, workers: int, times: int) -> None:
    counts, quota = OwnCounts(10), Quota(requests, "client-day", workers)
    counts.turn(TODAY)
    granted = spent(counts, quota, times)
    assert dict(counts.near()) == ({"k": granted / quota.part} if granted >= quota.near else {})
    counts.turn(Day("2026-11-25", 90_000.0))
    assert counts.near() == []


def test_of_a_shared_quota_it_is_known_what_all_workers_have_used() -> None:
    counts, quota = LeasedCounts(10), Quota(100, "client-day", 4)
    counts.turn(TODAY)
    spent(counts, quota, 1)
    (claim,) = counts.claims(0.0)
    counts.granted(claim, 5, 70)
    assert counts.near() == []
    counts.granted(claim, 0, 4)
    ((key, share),) = counts.near()
    assert key == "k" and 0.8 <= share <= 1


async def test_an_operator_is_told_which_client_has_nearly_used_up_its_quota_and_no_address() -> (
    None
):
    routes = [*ROUTES, route("/dear", quota=10), route("/free", access="open", quota=1)]
    async with api() as behind, gateway(snapshot(behind.port, routes=routes)) as city:
        one = token()
        assert await statuses(lambda: city.get("/dear", one), 9) == [200] * 9
        assert await statuses(lambda: city.get("/free"), 2) == [200, 429]
        told = city.core.as_json()
    assert told["near_quotas"] == [("app", "test.get-dear", 0.9)]


def test_a_day_is_the_citys() -> None:
    wall = datetime(2026, 11, 24, 14, 59, 30, tzinfo=UTC).timestamp()
    assert day_of(wall, 100.0, ZoneInfo("Asia/Tokyo")) == Day("2026-11-24", 130.0)
    assert day_of(wall + 31, 131.0, ZoneInfo("Asia/Tokyo")).name == "2026-11-25"
    assert day_of(wall, 100.0, UTC) == Day("2026-11-24", 100.0 + 9 * 3_600 + 30)


def test_a_day_on_which_clocks_are_put_back_is_longer() -> None:
    zone = ZoneInfo("Europe/Berlin")
    day = day_of(datetime(2026, 10, 25, 0, 0, tzinfo=zone).timestamp(), 0.0, zone)
    assert day.ends == 25 * 3_600


async def test_a_client_has_its_quota_over_all_routes_until_the_citys_midnight() -> None:
    clients = {"app": client(quota=3, rate=few(60)), "other": client()}
    clock = [datetime(2026, 11, 24, 14, 0, tzinfo=UTC).timestamp()]
    good: dict[str, Any] = {"iat": int(clock[0]) - 10, "exp": int(clock[0]) + 86_400}
    async with api() as behind:
        policy = snapshot(behind.port, clients=clients, zone="Asia/Tokyo")
        async with gateway(policy, now=lambda: clock[0]) as city:
            one = token(**good)
            first = await city.get("/stops", one)
            both = '"client";q=60;w=60, "client-day";q=3;w=86400'
            assert first.fields["ratelimit-policy"] == both
            assert first.fields["ratelimit"].startswith('"client";r=59;t=')
            assert ', "client-day";r=2;t=3' in first.fields["ratelimit"]
            assert (await city.get("/stops", token("wrong", **good))).status == 403
            assert await statuses(lambda: city.get("/stops/a", one), 3) == [200, 200, 429]
            refused = await city.get("/stops", one)
            assert refused.problem["type"] == "urn:problem-type:supercity:quota-exceeded"
            assert 3_590 <= int(refused.fields["retry-after"]) <= 3_601
            assert refused.fields["ratelimit-policy"] == '"client-day";q=3;w=86400'
            assert (await city.get("/stops", token(client_id="other", **good))).status == 200
            clock[0] += 3_601
            city.core._tick()
            assert await statuses(lambda: city.get("/stops", one), 4) == [200, 200, 200, 429]


async def test_a_route_has_a_quota_for_each_client_beside_its_rate() -> None:
    routes = [*ROUTES, route("/dear", quota=2, rate=few(9)), route("/free", access="open", quota=1)]
    async with api() as behind, gateway(snapshot(behind.port, routes=routes)) as city:
        one, other = token(), token(client_id="other")
        first = await city.get("/dear", one)
        names = [part.split(";")[0] for part in first.fields["ratelimit"].split(", ")]
        assert names == ['"client"', '"route"', '"route-day"']
        assert await statuses(lambda: city.get("/dear", one), 2) == [200, 429]
        assert await statuses(lambda: city.get("/dear", other), 3) == [200, 200, 429]
        assert (await city.get("/stops", one)).status == 200
        assert await statuses(lambda: city.get("/free"), 2) == [200, 429]


async def test_where_an_emergency_opens_a_route_no_quota_is_counted() -> None:
    now = int(time())
    emergency = {
        "id": "e1", "since": now - 1, "until": now + 600, "level": "severe", "reason": "Flood",
    }  # fmt: skip
    routes = [*ROUTES, route("/shelters", emergency="open", quota=1)]
    clients = {"app": client(quota=2), "other": client()}
    async with api() as behind:
        policy = snapshot(behind.port, routes=routes, clients=clients, emergency=emergency)
        async with gateway(policy) as city:
            one = token()
            assert await statuses(lambda: city.get("/shelters", one), 3) == [200] * 3
            assert await statuses(lambda: city.get("/shelters"), 3) == [200] * 3
            assert await statuses(lambda: city.get("/stops", one), 3) == [200, 200, 429]
            quiet = snapshot(behind.port, revision="r2", routes=routes)
            city.core.apply(orjson.dumps(quiet))
            assert await statuses(lambda: city.get("/shelters", one), 2) == [200, 429]


async def test_what_has_no_quota_has_no_step_for_one() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        assert city.core.policy is not None
        steps = city.core.policy.table.find([b"stops"]).routes[b"GET"].steps  # type: ignore[union-attr]
        assert not [step for step in steps if "quota" in step.__name__]


async def test_a_zone_that_is_none_is_refused_with_the_policy() -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        with pytest.raises(Invalid, match="/zone"):
            city.core.apply(orjson.dumps(snapshot(behind.port, zone="Asia/Nowhere")))

"""Emergency mode in the core: what it sheds, keeps and opens, and that it ends by the clock."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, cast

import orjson
import pytest

from gateway.core.policy.check import Invalid
from gateway.core.telemetry.exposition import exposition
from schemas.policy import LONGEST_EMERGENCY, Emergency, Snapshot
from tests.gateway.core.city import (
    GATEWAY_KEY,
    Gateway,
    api,
    client,
    gateway,
    route,
    snapshot,
    token,
    until,
)
from tests.gateway.core.telemetry.test_telemetry import of

ROUTES = [
    route("/bulk", priority="bulk"),
    route("/normal", priority="normal"),
    route("/normal/kept", priority="normal", emergency="reserved"),
    route("/essential", priority="essential"),
    route("/life-safety", priority="life-safety"),
    route("/stream", priority="bulk", stream=True),
    route("/hospitals", priority="normal", emergency="open"),
    route("/hospitals/limited", emergency="open", rate={"requests": 1, "seconds": 60}),
]


@dataclass
class Clock:
    """A wall clock that moves when told."""

    ahead: float = 0.0
    began: float = field(default_factory=time.time)

    def __call__(self) -> float:
        return time.time() + self.ahead


def emergency(level: str = "severe", lasts: int = 600, **changes: Any) -> Emergency:
    since = int(time.time())
    found = {"id": "e1", "since": since, "until": since + lasts, "level": level, "reason": "Quake"}
    return cast(Emergency, {**found, **changes})


def policy(port: int, declared: Emergency | None, **changes: Any) -> Snapshot:
    found = snapshot(port, routes=ROUTES, revision=f"r{time.monotonic()}", **changes)
    if declared:
        found["emergency"] = declared
    return found


async def statuses(city: Gateway, *paths: str) -> list[int]:
    bearer = token()
    return [(await city.get(path, bearer)).status for path in paths]


ORDER = ("/bulk", "/stream", "/normal", "/essential", "/life-safety", "/normal/kept", "/hospitals")


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("elevated", [200, 200, 200, 200, 200, 200, 200]),
        ("severe", [503, 503, 200, 200, 200, 200, 200]),
        ("critical", [503, 503, 503, 200, 200, 200, 200]),
    ],
)
async def test_each_level_sets_aside_what_it_says(level: str, expected: list[int]) -> None:
    async with api() as behind, gateway(policy(behind.port, emergency(level))) as city:
        assert await statuses(city, *ORDER) == expected
        counted = of(city)
        gate = city.core.overload._loads.routes["test.get-essential"].gate
        assert gate.most[2] < 0.9 * gate.limit, "capacity is kept free for life-safety"
    shed = sum(value for key, value in counted.items() if key[0] == "shed_total")
    assert shed == expected.count(503)


async def test_who_is_shed_is_told_the_level_and_the_end_but_not_the_reason() -> None:
    declared = emergency("critical")
    async with api() as behind, gateway(policy(behind.port, declared)) as city:
        reply = await city.get("/normal", token())
    assert reply.status == 503
    assert int(reply.fields["retry-after"]) >= 1
    assert reply.problem["type"] == "urn:problem-type:supercity:overload-emergency"
    assert reply.fields["x-city-emergency"] == f"critical;until=@{declared['until']}"
    assert b"Quake" not in reply.body


async def test_it_begins_and_ends_with_the_policy() -> None:
    async with api() as behind, gateway(policy(behind.port, None)) as city:
        assert await statuses(city, "/bulk") == [200]
        city.core.apply(orjson.dumps(policy(behind.port, emergency())))
        assert await statuses(city, "/bulk") == [503]
        city.core.apply(orjson.dumps(policy(behind.port, None)))
        assert await statuses(city, "/bulk") == [200]


async def test_it_ends_by_itself_without_the_control_plane() -> None:
    clock = Clock()
    async with (
        api() as behind,
        gateway(policy(behind.port, emergency(lasts=600)), now=clock) as city,
    ):
        assert await statuses(city, "/bulk") == [503]
        assert (await city.get("/hospitals")).status == 200
        assert of(city)["emergency", "severe"] == 1
        clock.ahead = 599
        assert await statuses(city, "/bulk") == [503]
        clock.ahead = 601
        await until(lambda: of(city)["emergency", "severe"] == 0)
        good = token(exp=int(clock()) + 600)
        assert (await city.get("/bulk", good)).status == 200
        assert (await city.get("/hospitals")).status == 401
        assert city.core.overload._loads.routes["test.get-hospitals"].rank == 1
        # nor does a late policy, or one from disk, bring it back
        city.core.apply(orjson.dumps(policy(behind.port, emergency(lasts=600))))
        assert (await city.get("/bulk", good)).status == 200


async def test_a_marked_route_is_open_to_anybody_while_it_is_in_force() -> None:
    async with api() as behind, gateway(policy(behind.port, None)) as city:
        assert (await city.get("/hospitals")).status == 401
        assert (await city.get("/hospitals", token("other:read"))).status == 403
        city.core.apply(orjson.dumps(policy(behind.port, emergency())))

        anybody = await city.get("/hospitals")
        assert anybody.status == 200
        assert anybody.fields["x-city-emergency"].startswith("severe;until=@")
        assert anybody.fields["ratelimit-policy"].startswith('"address"')
        assert behind.head("x-city-client") is None
        assert behind.head("x-city-gateway-key") == GATEWAY_KEY.decode()

        # whoever is known stays known, and limited by name, whatever the scope
        known = await city.get("/hospitals", token("other:read"))
        assert known.status == 200
        assert known.fields["ratelimit-policy"].startswith('"client"')
        assert behind.head("x-city-client") == "app"

        # a token that ran out while nobody can renew it is no token, and no way in elsewhere
        ran_out = token(exp=int(time.time()) - 1)
        assert (await city.get("/hospitals", ran_out)).status == 200
        assert behind.head("x-city-client") is None
        assert (await city.get("/life-safety", ran_out)).status == 401
        assert (await city.get("/life-safety")).status == 401
        assert "x-city-emergency" not in (await city.get("/life-safety", token())).fields


async def test_an_opened_route_keeps_its_limits() -> None:
    clients = {"app": client(), "other": client()}
    async with api() as behind:
        declared = policy(behind.port, emergency(), clients=clients)
        async with gateway(declared) as city:
            path = "/hospitals/limited"
            assert [(await city.get(path)).status for _ in range(2)] == [200, 429]
            one = token()
            assert [(await city.get(path, one)).status for _ in range(2)] == [200, 429]
            assert (await city.get(path, token(client_id="other"))).status == 200


async def test_its_mode_is_a_metric() -> None:
    async with api() as behind, gateway(policy(behind.port, emergency())) as city:
        text = exposition([orjson.loads(orjson.dumps(city.core.as_json()))], 1).decode()
    assert 'supercity_gateway_emergency{level="severe"} 1.0' in text
    assert 'supercity_gateway_emergency{level="critical"} 0.0' in text
    assert (
        f'supercity_gateway_concurrency_limit{{upstream="127.0.0.1:{behind.port}"}} 200.0' in text
    )
    assert "supercity_gateway_loop_lag_seconds" in text


@pytest.mark.parametrize(
    "wrong",
    [
        {"until": int(time.time()) - 1},
        {"until": int(time.time()) + LONGEST_EMERGENCY + 86_400},
        {"level": "total"},
        {"reason": ""},
        {"since": "now"},
    ],
)
async def test_an_emergency_that_cannot_be_is_no_policy(wrong: dict[str, Any]) -> None:
    async with api() as behind, gateway(policy(behind.port, None)) as city:
        with pytest.raises(Invalid, match="/emergency"):
            city.core.apply(orjson.dumps(policy(behind.port, emergency(**wrong))))
        assert await statuses(city, "/bulk") == [200]


@pytest.mark.parametrize(
    "wrong",
    [
        route("/me/{resident}", access="personal", emergency="open"),
        route("/personal", access="personal", emergency="open"),
        route("/stops", "POST", emergency="open"),
        route("/open", access="open", emergency="open"),
        route("/stops", emergency="wide"),
    ],
)
async def test_what_must_never_be_opened_is_no_policy(wrong: Any) -> None:
    async with api() as behind, gateway(policy(behind.port, None)) as city:
        broken = snapshot(behind.port, routes=[*ROUTES, wrong])
        with pytest.raises(Invalid, match=f"/routes/{len(ROUTES)}/emergency"):
            city.core.apply(orjson.dumps(broken))

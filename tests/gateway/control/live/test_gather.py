from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from fastapi import FastAPI, Response
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.control.live import gather
from gateway.control.live.gather import Gatherer
from gateway.control.live.targets import Target, parse_targets
from tests.serving import serving

LAG = 'city_broker_group_lag_records{client="c",group="g"} '
REQUESTS = 'supercity_gateway_requests_total{route="mobility.x",status="2xx"} '
KEY = ("answers", "mobility", "2xx")


class Network:
    """Processes by address; what each says, or why it does not."""

    def __init__(self, **said: str | Exception) -> None:
        self.said: dict[str, str | Exception] = said
        self.hosts = {"gateway": list(said)}

    async def ask(self, address: str, port: int) -> str:
        said = self.said[address]
        if isinstance(said, Exception):
            raise said
        if not said:
            await asyncio.Event().wait()
        return said

    async def resolve(self, host: str, port: int) -> list[str]:
        if host not in self.hosts:
            raise OSError(1, "no such host")
        return self.hosts[host]

    def gatherer(self, *targets: Target, clock: object = None) -> Gatherer:
        return Gatherer(
            targets or (Target("gateway", "gateway", 9000),), ask=self.ask, resolve=self.resolve
        )


async def counted(gatherer: Gatherer) -> float:
    """What the first round counts that counts anything."""
    while True:
        if found := (await gatherer.round()).get(KEY):
            return found


async def test_what_all_processes_count_is_added_up() -> None:
    network = Network(one=REQUESTS + "5", two=REQUESTS + "100")
    gatherer = network.gatherer()
    assert await gatherer.round() == {}
    network.said = {"one": REQUESTS + "6", "two": REQUESTS + "110"}
    assert (await gatherer.round())[KEY] == 11
    await gatherer.close()


async def test_a_process_that_is_slow_holds_up_nobody_and_counts_when_it_has_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gather, "PATIENCE", 0.01)
    network = Network(one=REQUESTS + "5", two=REQUESTS + "5")
    gatherer = network.gatherer()
    await gatherer.round()
    while not all(each.reading.counts for each in gatherer.instances.values()):
        await gatherer.round()
    network.said = {"one": REQUESTS + "6", "two": ""}
    assert await counted(gatherer) == 1
    network.said["one"] = REQUESTS + "9"
    assert await counted(gatherer) == 3
    await gatherer.close()


async def test_a_process_that_says_nothing_in_time_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gather, "TIMEOUT", 0.01)
    gatherer = Network(one="").gatherer()
    await gatherer.round()
    assert gatherer.instances["gateway", "one"].error
    await gatherer.close()


async def test_gauges_of_a_silent_process_are_gone_and_it_is_known_why() -> None:
    network = Network(one=LAG + "7", two=LAG + "3")
    gatherer = network.gatherer()
    await gatherer.round()
    assert gatherer.levels()["lag", "c", "g"] == 7
    network.said["one"] = ConnectionError("refused")
    await gatherer.round()
    assert gatherer.levels()["lag", "c", "g"] == 3
    assert gatherer.instances["gateway", "one"].error == "refused"
    await gatherer.close()


async def test_a_process_that_is_no_more_is_forgotten_and_a_lost_part_is_known() -> None:
    network = Network(one=LAG + "7", two=LAG + "3")
    gatherer = network.gatherer(Target("gateway", "gateway", 1), Target("broker", "nowhere", 2))
    await gatherer.round()
    network.hosts["gateway"] = ["two"]
    await gatherer.round()
    assert list(gatherer.instances) == [("gateway", "two")]
    assert "nowhere is not known" in gatherer.lost["broker"]
    await gatherer.close()


async def test_a_real_process_is_asked_over_http_and_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = FastAPI()

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(LAG + "5\n")

    async with serving(app) as url:
        gatherer = Gatherer(parse_targets(f"broker={url}"))
        await gatherer.round()
        assert gatherer.levels()["lag", "c", "g"] == 5
        monkeypatch.setattr(gather, "MOST_BYTES", 3)
        await gatherer.round()
        assert "more than 3 bytes" in next(iter(gatherer.instances.values())).error
        await gatherer.close()


@pytest.mark.parametrize(
    "text",
    [
        "gateway",
        "gateway=https://a",
        "=http://a",
        "gateway=http://a/x",
        "a=http://b:x",
        "a=http://",
    ],
)
def test_a_wrong_target_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        parse_targets(text)


def test_a_part_is_named_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        parse_targets("a=http://b a=http://c")


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_no_text_of_targets_breaks_anything_else(text: str) -> None:
    with suppress(ValueError):
        parse_targets(text)

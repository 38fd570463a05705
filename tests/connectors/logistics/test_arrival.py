"""In whatever order and portions events arrive, the same is known in the end."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.logistics.connector import LogisticsConnector
from tests.connectors.harness import running
from tests.connectors.logistics.epcis_events import (
    ITEM,
    PALLET,
    TRUCK,
    document,
    packed,
    seen,
)

times = st.integers(0, 9)
moves = st.builds(seen, times, st.integers(1, 5), st.sampled_from([PALLET, TRUCK]))
loads = st.builds(
    packed,
    times,
    st.just(PALLET),
    st.just(ITEM),
    action=st.sampled_from(["ADD", "DELETE"]),
)
trips = st.builds(packed, times, st.just(TRUCK), st.just(PALLET), action=st.just("ADD"))
emptyings = st.builds(packed, times, st.just(PALLET), action=st.just("DELETE"))


async def known(folder: Path, portions: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """What is known of each thing after capturing ``portions``; checked with what was published."""
    async with running(LogisticsConnector, folder) as run:
        for portion in portions:
            answer = await run.api.post("/logistics/v1/capture", content=document(*portion))
            answer.raise_for_status()
        items = (await run.api.get("/logistics/v1/shipments")).json()["items"]
        found = {item["epc"]: item for item in items}

        def all_said(said: Any) -> bool:
            told = {e["epc"]["value"]: e["lastEvent"]["value"] for e in said.entities().values()}
            return told == {epc: item["lastEvent"] for epc, item in found.items()}

        await run.said.until(all_said)
        return found


@settings(max_examples=20, deadline=None)
@given(
    st.lists(moves | loads | trips | emptyings, min_size=1, max_size=8, unique_by=orjson.dumps),
    st.randoms(use_true_random=False),
)
async def test_what_is_known_does_not_depend_on_the_order_of_arrival(
    events: list[dict[str, Any]], chance: Any
) -> None:
    mixed = list(events)
    chance.shuffle(mixed)
    with tempfile.TemporaryDirectory() as folder:
        together = await known(Path(folder) / "together", [events])
        one_by_one = await known(Path(folder) / "one-by-one", [[event] for event in mixed])
    assert one_by_one == together


async def test_what_happens_to_a_truck_when_a_pallet_on_it_is_emptied_is_not_the_items() -> None:
    """Two events of one moment, in either order of arrival."""
    packing = [packed(0, TRUCK, PALLET), packed(0, PALLET, ITEM)]
    emptied, passed = packed(1, PALLET, action="DELETE"), seen(1, 1, TRUCK)
    with tempfile.TemporaryDirectory() as folder:
        first = await known(Path(folder) / "a", [packing, [emptied], [passed]])
        other = await known(Path(folder) / "b", [packing, [passed], [emptied]])
    assert first == other

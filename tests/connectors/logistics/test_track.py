from __future__ import annotations

from typing import Any

from connectors.logistics import epcis
from connectors.logistics.track import History
from tests.connectors.logistics.epcis_events import (
    ITEM,
    OTHER,
    PALLET,
    TRUCK,
    document,
    packed,
    seen,
)


def history(*events: dict[str, Any]) -> History:
    return History(epcis.parse(document(*events)).events)


def places(found: History, epc: str) -> list[int]:
    """The numbers of the places where a thing was seen, in order."""
    points = [s.event.place("readPoint") for s in found.track(epc)]
    return [int(point.split(".")[1]) for point in points if point]


def test_a_thing_goes_where_its_parent_goes_while_it_is_in_it() -> None:
    found = history(
        seen(0, 1, PALLET),
        packed(10, PALLET, ITEM),
        seen(20, 2, PALLET),
        packed(30, PALLET, ITEM, action="DELETE"),
        seen(40, 3, PALLET),
        seen(50, 4, ITEM),
    )
    assert places(found, ITEM) == [2, 4]
    assert places(found, PALLET) == [1, 2, 3]
    (by_parent,) = [s for s in found.track(ITEM) if s.via]
    assert by_parent.via == (PALLET,)


def test_a_pallet_on_a_truck_takes_its_items_along() -> None:
    found = history(
        packed(0, PALLET, ITEM),
        packed(5, TRUCK, PALLET),
        seen(10, 1, TRUCK),
        packed(15, TRUCK, PALLET, action="DELETE"),
        seen(20, 2, TRUCK),
    )
    assert places(found, ITEM) == [1]
    assert found.track(ITEM)[2].via == (PALLET, TRUCK)


def test_emptying_the_parent_takes_everything_out() -> None:
    found = history(
        packed(0, PALLET, ITEM, OTHER),
        packed(10, PALLET, action="DELETE"),
        seen(20, 9, PALLET),
    )
    assert places(found, ITEM) == []
    assert found.stays(ITEM)[-1].until is not None


def test_putting_a_thing_elsewhere_takes_it_out() -> None:
    found = history(
        packed(0, PALLET, ITEM),
        packed(10, TRUCK, ITEM),
        seen(20, 1, PALLET),
        seen(21, 2, TRUCK),
    )
    assert places(found, ITEM) == [2]


def test_being_observed_together_says_nothing_of_later() -> None:
    found = history(packed(0, PALLET, ITEM, action="OBSERVE"), seen(10, 1, PALLET))
    assert places(found, ITEM) == []
    assert len(found.track(ITEM)) == 1


def test_order_is_by_event_time_not_by_arrival() -> None:
    found = history(seen(30, 3, ITEM), seen(10, 1, ITEM), seen(20, 2, ITEM))
    assert places(found, ITEM) == [1, 2, 3]


def test_things_packed_in_each_other_do_not_run_in_circles() -> None:
    found = history(packed(0, PALLET, TRUCK), packed(1, TRUCK, PALLET), seen(2, 1, TRUCK))
    assert 1 in places(found, PALLET)


def test_an_event_declared_wrong_is_not_believed() -> None:
    wrong = seen(10, 5, ITEM, errorDeclaration={"declarationTime": "2026-04-02T00:00:00Z"})
    assert places(history(seen(0, 1, ITEM), wrong), ITEM) == [1]


def test_what_nobody_saw_has_no_track() -> None:
    assert history(seen(0, 1, OTHER)).track(ITEM) == []

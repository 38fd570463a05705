from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.evacuation import rules
from services.evacuation.geometry import Patch, haversine
from services.evacuation.rules import Hospital, Shelter, Stop

CENTRE = (139.88, 36.55)
AREA = (Patch.circle(CENTRE, 1_000),)


def at(metres_north: float) -> tuple[float, float]:
    return (CENTRE[0], CENTRE[1] + metres_north / 111_195)


def shelter(name: str, metres: float = 0, **known: object) -> Shelter:
    told = {"capacity": 100, "occupants": 0, "open": True, **known}
    return Shelter(f"urn:x:{name}", name, at(metres), **told)  # type: ignore[arg-type]


def names(places: object) -> list[str]:
    assert isinstance(places, tuple)
    return [place.name for place in places]


def chosen(*shelters: Shelter, hazard: str = "flood") -> list[str]:
    return names(rules.choose_shelters(shelters, AREA, hazard))


def test_the_nearest_shelter_comes_first() -> None:
    assert chosen(shelter("far", 900), shelter("near", 100)) == ["near", "far"]


def test_a_full_or_closed_shelter_is_not_named() -> None:
    full, closed = shelter("full", occupants=100), shelter("closed", open=False)
    assert chosen(full, closed, shelter("good")) == ["good"]


def test_vacancies_told_count_more_than_those_computed() -> None:
    assert chosen(shelter("full", vacancies=0)) == []
    assert rules.room(shelter("x", vacancies=7)) == 7


def test_room_is_capacity_less_occupants_and_never_negative() -> None:
    assert rules.room(shelter("x", capacity=100, occupants=70)) == 30
    assert rules.room(shelter("x", capacity=100, occupants=130)) == 0
    assert rules.room(shelter("x", capacity=100, occupants=None)) == 100
    assert rules.room(shelter("x", capacity=None)) is None


def test_a_site_designated_for_other_hazards_only_is_not_named() -> None:
    quake = shelter("quake", hazards=frozenset({"earthquake"}))
    water = shelter("water", hazards=frozenset({"flood", "earthquake"}))
    to_stay = shelter("to-stay")
    assert chosen(quake, water, to_stay, hazard="flood") == ["to-stay", "water"]
    assert len(chosen(quake, water, to_stay, hazard="")) == 3


def test_unknown_room_or_state_comes_after_known() -> None:
    unsure = [shelter("a", 0, capacity=None), shelter("b", 10, open=None)]
    assert chosen(*unsure, shelter("sure", 900)) == ["sure", "a", "b"]


def test_a_shelter_beyond_a_walk_from_the_area_is_not_named() -> None:
    edge = 1_000
    near, far = shelter("near", edge + 1_900), shelter("far", edge + 2_100)
    assert chosen(near, far) == ["near"]


def test_whether_a_shelter_lies_in_the_area_is_said() -> None:
    inside, outside = rules.choose_shelters([shelter("i", 500), shelter("o", 1_500)], AREA, "")
    assert (inside.in_area, outside.in_area) == (True, False)


def test_stops_are_in_walking_distance_of_a_shelter_and_named_once() -> None:
    shelters = rules.choose_shelters([shelter("first"), shelter("second", 900)], AREA, "")
    stops = [
        Stop("urn:x:s1", "one", at(300)),
        Stop("urn:x:s2", "two", at(880)),
        Stop("urn:x:s3", "off", at(1_800)),
    ]
    found = rules.choose_stops([*stops, *stops], shelters, AREA)
    assert [(s.name, s.shelter) for s in found] == [
        ("one", "urn:x:first"),
        ("two", "urn:x:second"),
    ]


def test_each_shelter_gets_at_most_three_stops_the_nearest() -> None:
    shelters = rules.choose_shelters([shelter("only")], AREA, "")
    stops = [Stop(f"urn:x:s{i}", str(i), at(10 * i)) for i in range(9)]
    assert names(rules.choose_stops(stops, shelters, AREA)) == ["0", "1", "2"]


def test_without_shelters_stops_and_hospitals_are_those_near_the_area() -> None:
    stops = rules.choose_stops([Stop("urn:x:s", "stop", at(100))], (), AREA)
    hospitals = rules.choose_hospitals([Hospital("urn:x:h", "hospital", at(2_000))], (), AREA)
    assert (stops[0].shelter, stops[0].distance) == (None, 100)
    assert (hospitals[0].shelter, hospitals[0].distance) == (None, 2_000)


def test_hospitals_that_take_emergencies_come_first() -> None:
    shelters = rules.choose_shelters([shelter("only")], AREA, "")
    hospitals = [
        Hospital("urn:x:a", "no", at(100), emergency=False),
        Hospital("urn:x:b", "silent", at(200)),
        Hospital("urn:x:c", "yes", at(9_000), emergency=True),
        Hospital("urn:x:d", "too far", at(10_500), emergency=True),
    ]
    assert names(rules.choose_hospitals(hospitals, shelters, AREA)) == ["yes", "silent", "no"]


shelters_anywhere = st.builds(
    Shelter,
    id=st.integers(0, 50).map(lambda n: f"urn:x:{n}"),
    name=st.just("x"),
    at=st.tuples(st.floats(139.84, 139.92), st.floats(36.51, 36.59)),
    capacity=st.none() | st.integers(0, 300),
    occupants=st.none() | st.integers(0, 400),
    open=st.none() | st.booleans(),
    hazards=st.frozensets(st.sampled_from(["flood", "earthquake"])),
)


@given(st.lists(shelters_anywhere, max_size=40, unique_by=lambda s: s.id))
def test_nobody_is_sent_to_a_place_that_is_full_closed_unfit_or_far(found: list[Shelter]) -> None:
    told = {s.id: s for s in found}
    choice = rules.choose_shelters(found, AREA, "flood")
    assert len({c.id for c in choice}) == len(choice) <= rules.MOST_SHELTERS
    for place in choice:
        shelter = told[place.id]
        assert shelter.open is not False
        assert place.room is None or place.room > 0
        assert not shelter.hazards or "flood" in shelter.hazards
        assert haversine(shelter.at, CENTRE) <= 1_000 + rules.SHELTER_REACH + 10

from __future__ import annotations

from typing import ClassVar

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.near import Near, page_near
from connectors.residents import subject_of
from schemas.kit.caller import Caller
from schemas.ngsild import Entity, Point, urn
from schemas.problem import Forbidden, NotFound

HERE = (36.55, 139.88)


class Tree(Entity):
    entity_type: ClassVar[str] = "Tree"
    location: Point | None = None


def trees(*places: tuple[float, float] | None) -> list[Tree]:
    return [
        Tree(id=urn("Tree", str(number)), location=Point.at(*place) if place else None)
        for number, place in enumerate(places)
    ]


@given(st.lists(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), max_size=20))
def test_what_is_near_comes_nearest_first(places: list[tuple[float, float]]) -> None:
    found = Near(HERE, None).nearest(trees(*places))
    assert [metres for _, metres in found] == sorted(metres for _, metres in found)
    assert len(found) == len(places)
    within = Near(HERE, 5000.0).nearest(trees(*places))
    assert within == [pair for pair in found if pair[1] <= 5000]


def test_a_page_near_a_point_says_the_distance_and_leaves_out_what_has_no_place() -> None:
    wood = trees((36.56, 139.88), None, HERE)
    body = orjson.loads(page_near(wood, Near(HERE, None), 1, 1).body)
    assert body["total"] == 2
    (second,) = body["items"]
    assert second["id"] == wood[0].id
    # a hundredth of a degree of latitude: 6371.0088 km x pi / 180 / 100
    assert second["distance"] == pytest.approx(1111.95, abs=0.1)


def test_a_page_of_all_has_those_without_a_place_too() -> None:
    body = orjson.loads(page_near(trees(None, HERE), None, 100, 0).body)
    assert body["total"] == 2
    assert "distance" not in body["items"][1]


def test_a_path_names_the_resident_behind_the_token_and_nobody_else() -> None:
    caller = Caller(client="c", subject="pseudonym", scopes=frozenset(), request_id="")
    assert subject_of(caller, "me") == subject_of(caller, "pseudonym") == "pseudonym"
    with pytest.raises(NotFound):
        subject_of(caller, "another")
    with pytest.raises(Forbidden):
        subject_of(Caller(client="c", subject="", scopes=frozenset(), request_id=""), "me")

"""The rules by themselves: what is over, what is good, what of an event is shown."""

from __future__ import annotations

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.revocations import Asked, Ends
from services.broker.consent.ended import SILENT_SECONDS, Ended
from services.broker.consent.gate import own_id, projected, seen
from services.broker.consent.standing import Held, Standing, load
from services.broker.events.binding import Delivery
from services.broker.log import Position
from tests.services.broker.domain import PERSON

HELD = Held("c-1", "sightings", ("whom",), 2_000, "hanako-in-test", "hanako-to-app")
STANDING = Standing("app", "grant-1", 1_000, (HELD,))
NAMES = st.text(st.characters(codec="utf-8"), max_size=20)


def ends(**more: object) -> Ends:
    return Ends(**{"grants": {}, "consents": {}, "clients": {}, "suspended": [], **more})  # type: ignore[typeddict-item]


def event(**data: str) -> Delivery:
    said = {"id": "e-1", "source": "/s", "type": PERSON, "subject": "hanako-in-test", "data": data}
    return Delivery(
        id="e-1",
        source="/s",
        type=PERSON,
        legal_class="personal",
        json=orjson.dumps(said),
        slot="s",
        offset=0,
        position=Position(),
        subject="hanako-in-test",
    )


def test_a_standing_is_stored_and_read_again() -> None:
    assert load(STANDING.dump(), "", 0) == STANDING
    assert load("", "machine", 12.7) == Standing("machine", since=12)


def test_what_was_given_after_a_revocation_is_not_over() -> None:
    ended = Ended(follows=True, clock=lambda: 1_500.0)
    ended.learn(ends(clients={"app": 999}))
    assert not ended.is_over(STANDING)
    ended.learn(ends(clients={"app": 1_000}))  # the same second: rather over than not
    assert ended.is_over(STANDING)
    assert not ended.is_over(Standing("app", since=1_000))  # a machine's is held, not ended
    assert ended.is_cut(Standing("app", since=1_000))


def test_a_consent_holds_until_its_end_or_its_withdrawal() -> None:
    now = 1_999.0
    ended = Ended(follows=True, clock=lambda: now)
    assert ended.is_good(HELD)
    ended.learn(ends(consents={"c-1": 9_000}))
    assert not ended.is_good(HELD)
    ended.learn(ends())
    now = 2_000.0
    assert not ended.is_good(HELD)


def test_what_was_missed_is_known_beside_the_newest_word() -> None:
    ended = Ended(follows=True)
    ended.learn(ends(grants={"other": 1}))
    both = ended.add(Asked(grants=["grant-1"], consents=[]))
    assert both["grants"].keys() == {"other", "grant-1"}
    assert ended.is_over(STANDING)


def test_silence_counts_from_the_last_word_and_only_where_somebody_speaks() -> None:
    ticks = 100.0
    ended = Ended(follows=True, ticks=lambda: ticks)
    assert ended.is_silent
    ended.heard()
    ticks += SILENT_SECONDS
    assert not ended.is_silent
    ticks += 1
    assert ended.is_silent
    assert not Ended(follows=False).is_silent


def test_nothing_of_the_domain_s_name_or_of_other_fields_is_shown() -> None:
    shown = seen(event(person="hanako", place="station"), HELD)
    assert b"hanako-in-test" not in shown.json
    assert b"station" not in shown.json
    assert orjson.loads(shown.json)["subject"] == "hanako-to-app"
    assert shown.id != "e-1"


@settings(max_examples=50)
@given(NAMES, NAMES, NAMES)
def test_one_event_has_another_id_for_each_client(one: str, other: str, event_id: str) -> None:
    assert own_id(one, event_id) == own_id(one, event_id)
    if one != other:
        assert own_id(one, event_id) != own_id(other, event_id)


@settings(max_examples=50)
@given(st.dictionaries(NAMES, st.integers(), max_size=5), st.sets(st.sampled_from(["whom", "x"])))
def test_a_projection_only_ever_leaves_out(data: dict[str, int], fields: set[str]) -> None:
    found = projected(data, PERSON, fields)
    assert found.items() <= data.items()
    if fields:
        assert set(found) <= {"person"}
    else:
        assert found == data


def test_what_is_no_object_cannot_be_limited() -> None:
    assert projected([1, 2], PERSON, ["whom"]) == {}

"""The choice among addresses, without any network."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.bounds import Bounds
from gateway.core.upstreams.address import Address
from gateway.core.upstreams.balance import Balance
from gateway.core.upstreams.health import Health
from gateway.core.upstreams.retry import Budget

BOUNDS = Bounds(down=1.0, longest_down=30.0, slow_return=10.0)


def balance(count: int) -> Balance:
    found = Balance({})
    found.set(Address(f"10.0.0.{number}", 80, BOUNDS) for number in range(count))
    return found


def picks(of: Balance, count: int = 3_000) -> Counter[str]:
    return Counter(of.pick().host for _ in range(count))


@pytest.mark.parametrize("count", [2, 3, 5])
def test_alike_addresses_are_asked_alike(count: int) -> None:
    found = balance(count)
    for _ in range(100 * count):
        found.pick().in_flight += 1
    loads = [each.in_flight for each in found.addresses]
    assert max(loads) - min(loads) <= 10, loads


def test_a_slower_one_has_less_in_hand_by_as_much_as_it_is_slower() -> None:
    found = balance(2)
    for address, seconds in zip(found.addresses, (0.01, 0.04), strict=True):
        for _ in range(50):
            found.answered(address, seconds, 200, 1.0)
    for _ in range(100):
        found.pick().in_flight += 1
    quick, slow = (each.in_flight for each in found.addresses)
    assert 78 <= quick <= 82
    assert quick + slow == 100


def test_what_was_slow_long_ago_is_tried_again() -> None:
    found = balance(3)
    for _ in range(50):
        for number, address in enumerate(found.addresses):
            found.answered(address, 0.5 if number == 0 else 0.002, 200, 100.0)
    assert "10.0.0.0" not in picks(found)
    now = 100.0
    while now < 125.0:
        now += 0.1
        for address in found.addresses[1:]:
            found.answered(address, 0.002, 200, now)
        found.tick(now, ())
    assert picks(found)["10.0.0.0"] > 0


def test_failing_fast_is_not_being_fast() -> None:
    found = balance(2)
    for address in found.addresses:
        found.answered(address, 0.1, 200, 1.0)
    before = found.addresses[0].cost
    found.answered(found.addresses[0], 0.0001, 500, 1.0)
    assert found.addresses[0].cost == before


@given(st.integers(2, 8), st.lists(st.integers(0, 7), max_size=12))
def test_there_is_always_somebody_to_ask(count: int, failing: list[int]) -> None:
    """Whatever fails: not all are passed over, nor so many that few carry everything."""
    found = balance(count)
    for number in failing:
        found.eject(found.addresses[number % count], 1.0)
    well = [each for each in found.addresses if each.health.well]
    assert set(found.able) == set(well if len(well) * 3 >= count else found.addresses)
    assert found.pick() in found.able


def test_what_was_tried_is_not_tried_again_while_there_is_another() -> None:
    found = balance(3)
    one, two, three = found.addresses
    assert {found.pick((one, two)) for _ in range(50)} == {three}
    assert found.another((one, two, three)) is None
    found.eject(three, 1.0)
    assert found.another((one, two)) is None, "not one that is passed over"


def test_each_time_it_is_passed_over_for_longer_and_comes_back_slowly() -> None:
    health = Health(BOUNDS)
    now = 100.0
    for seconds in (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0):
        health.eject(now)
        assert 0.79 * seconds <= health.out_until - now <= 1.21 * seconds
        now = health.out_until
        assert not health.tick(now - 0.001)
        assert health.tick(now)
        assert health.well
        assert health.penalty == pytest.approx(10.0)
    health.tick(now + BOUNDS.slow_return / 2)
    assert 1.0 < health.penalty < 2.0
    health.tick(now + BOUNDS.slow_return)
    assert health.penalty == 1.0
    health.tick(now + 1_000)
    health.eject(now + 1_000)
    assert health.out_until - (now + 1_000) < 1.3, "what is long ago is forgotten"


def test_one_failure_sends_away_what_has_just_come_back() -> None:
    health = Health(BOUNDS)
    assert [health.failed(100.0) for _ in range(5)] == [False] * 4 + [True]
    health.eject(100.0)
    health.tick(health.out_until)
    assert health.failed(health.out_until + 102.0)


def test_failures_long_apart_are_not_failures_in_a_row() -> None:
    health = Health(BOUNDS)
    assert not any(health.failed(100.0 + 11 * number) for number in range(20))


@given(st.lists(st.booleans(), max_size=400))
def test_retries_never_exceed_their_share_and_the_reserve(asked: list[bool]) -> None:
    """``True``: a request. ``False``: a retry is wanted."""
    budget = Budget(0.2, 10.0)
    requests = spent = 0
    for each in asked:
        if each:
            requests += 1
            budget.earn()
        elif budget.spend():
            spent += 1
        assert spent <= 10.2 + 0.2 * requests


def test_answers_that_break_off_after_their_head_are_failures_all_the_same() -> None:
    found = balance(3)
    bad = found.addresses[0]
    for number in range(40):
        found.answered(bad, 0.001, 200, 100.0)  # the head came
        if number % 5 < 3:
            found.failed(bad, 100.0, begun=True)
    assert bad.health.out_until > 0.0

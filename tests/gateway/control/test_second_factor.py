from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.control import second_factor
from gateway.control.second_factor import STEP, Factor
from tests.gateway.control.city import City
from tests.gateway.control.staff.people import app_code

KEY = b"12345678901234567890"  # RFC 6238, Appendix B


def code_at(seconds: int) -> str:
    return app_code(KEY, seconds)


def test_the_codes_are_those_of_the_rfc() -> None:
    """RFC 6238, Appendix B: 94287082 at 59 s, of which an app shows the last six digits."""
    assert Factor("staff:a", KEY).step_of("287082", 59) == 1


@given(st.integers(1_000, 4_000_000_000), st.integers(-4, 4))
def test_only_the_step_now_and_its_neighbours_are_taken(now: int, away: int) -> None:
    step = now // STEP + away
    found = Factor("staff:a", KEY).step_of(code_at(step * STEP), now)
    if abs(away) <= 1:
        assert found is not None
    elif found is not None:  # the same six digits by chance
        assert code_at(found * STEP) == code_at(step * STEP)


def test_a_step_that_was_used_or_is_older_is_refused() -> None:
    now = 1_000_000
    assert Factor("staff:a", KEY, used=now // STEP).step_of(code_at(now), now) is None
    assert Factor("staff:a", KEY, used=now // STEP).step_of(code_at(now - STEP), now) is None


async def test_a_code_is_good_once_in_the_store(city: City) -> None:
    control, now = city.control, 1_000_000
    async with control.store.write() as connection:
        made = await second_factor.propose(connection, control.store, control.secrets, "staff:a")
    code = app_code(made.key, now)
    async with control.store.write() as connection:
        assert await second_factor.use(connection, control.secrets, "staff:a", code, now)
    async with control.store.write() as connection:
        assert not await second_factor.use(connection, control.secrets, "staff:a", code, now)
        held = await second_factor.find(connection, control.secrets, "staff:a")
    assert held is not None
    assert held.confirmed

"""From nothing that is published can a small number be worked out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.control.audit.uses import Use
from gateway.control.transparency.suppression import LEAST, Group, of_a_day, of_a_month

GROUPS = st.sampled_from([Group("a", "d", "p"), Group("b", "d", "p"), Group("a", "e", "q")])
DAYS = st.integers(1, 30).map(lambda day: f"2026-11-{day:02d}")
COUNTS = st.dictionaries(
    st.tuples(DAYS, GROUPS).map(lambda found: Use(found[0], *found[1])), st.integers(1, 30)
)


@given(COUNTS)
def test_a_month_and_its_days_together_tell_of_no_small_group(counts: dict[Use, int]) -> None:
    month = of_a_month(counts)
    days: dict[str, dict[Use, int]] = {}
    for use, count in counts.items():
        days.setdefault(use.day, {})[use] = count
    told = [of_a_day(each) for each in days.values()]
    assert all(count >= LEAST for each in (month, *told) for count in each.values())
    for group in {Group(*use[1:]) for use in counts}:
        rest = month.get(group, 0) - sum(each.get(group, 0) for each in told)
        assert rest == 0 or rest >= LEAST


def test_what_is_large_enough_is_told_whole() -> None:
    counts = {Use("2026-11-01", "a", "d", "p"): 4, Use("2026-11-02", "a", "d", "p"): 7}
    assert of_a_day(counts) == {}
    assert of_a_month(counts) == {Group("a", "d", "p"): 11}
    more = counts | {Use("2026-11-03", "a", "d", "p"): 12, Use("2026-11-03", "b", "d", "p"): 9}
    assert of_a_month(more) == {Group("a", "d", "p"): 23}

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from connectors.administration.migration import (
    TOKYO,
    annual,
    balance,
    inconsistencies,
    longest_negative_run,
    misprints,
    percent,
    series,
)
from connectors.administration.statistics import dataset


def test_years_are_summed_from_their_months() -> None:
    assert annual(TOKYO, 2019) == 86_575
    assert annual(TOKYO, 2020) == 38_374


def test_a_year_with_unpublished_months_has_no_sum_and_they_are_not_zero() -> None:
    assert annual(TOKYO, 2021) is None
    assert dict(series(TOKYO))["2021-02"] is None
    assert dict(series(TOKYO))["2021-01"] == -1334


def test_in_minus_out_disagrees_with_the_sum_for_2019_only() -> None:
    assert balance(TOKYO, 2019) == 86_935 != annual(TOKYO, 2019)
    assert balance(TOKYO, 2020) == 38_374 == annual(TOKYO, 2020)


def test_the_source_s_contradictions_are_named() -> None:
    found = {i.figure: (i.stated, i.computed) for i in inconsistencies(TOKYO)}
    assert found == {
        "net-2019 (in - out)": (86_575, 86_935),
        "out-change": (22_062, 22_422),
        "out-change-percent": (6, 7),
    }


def test_one_exchange_of_two_digits_would_settle_them_all() -> None:
    (found,) = misprints(TOKYO)
    assert (found.figure, found.printed, found.likely) == ("out-2019", 340_372, 340_732)
    mended = replace(TOKYO, outward={**TOKYO.outward, 2019: found.likely})
    assert inconsistencies(mended) == []
    assert misprints(mended) == []


def test_a_changed_month_is_noticed() -> None:
    months = {**TOKYO.months, 2020: (3147, *TOKYO.months[2020][1:])}
    figures = {i.figure for i in inconsistencies(replace(TOKYO, months=months))}
    assert {"net-2020", "net-change"} <= figures


def test_net_out_migration_ran_from_july_2020_to_january_2021() -> None:
    assert longest_negative_run(series(TOKYO)) == ("2020-07", "2021-01", 7)


def test_an_unpublished_month_ends_a_run() -> None:
    assert longest_negative_run([("a", -1), ("b", None), ("c", -1)]) == ("a", "a", 1)
    assert longest_negative_run([("a", 0), ("b", 1)]) == ("", "", 0)


@given(st.lists(st.one_of(st.none(), st.integers(-5, 5)), max_size=30))
def test_the_longest_run_is_really_the_longest(values: list[int | None]) -> None:
    signs = "".join("-" if value is not None and value < 0 else "+" for value in values)
    longest = max((len(run) for run in signs.split("+")), default=0)
    assert longest_negative_run((str(i), v) for i, v in enumerate(values))[2] == longest


def test_percentages_are_rounded_half_away_from_zero() -> None:
    assert percent(-48_201, 86_575) == Decimal("-55.7")
    assert percent(22_422, 340_372) == Decimal("6.6")
    assert percent(1, 8) == Decimal("12.5")
    assert percent(-1, 8, places=0) == Decimal(-13)


def test_the_data_set_says_both_what_is_stated_and_what_is_computed() -> None:
    whole = dataset(TOKYO)
    changes = {change.figure: change for change in whole.changes}
    assert changes["net"].change == changes["net"].stated_change == -48_201
    assert (changes["out"].change, changes["out"].stated_change) == (22_422, 22_062)
    assert len(whole.months) == 36
    assert [year.months_published for year in whole.years] == [12, 12, 1]
    assert whole.negative_run.months == whole.negative_run.stated_months == 7

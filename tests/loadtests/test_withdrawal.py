from __future__ import annotations

from loadtests.withdrawal.__main__ import table


def test_the_table_counts_from_the_withdrawal_and_takes_the_latest_way() -> None:
    rounds = [{"stream": 0.1, "webhook": -0.5}, {"stream": 0.3, "webhook": 0.4}]
    assert table(rounds).splitlines()[2:] == [
        "| stream | 200 | 300 | 300 |",
        "| webhook | 200 | 400 | 400 |",
        "| any | 250 | 400 | 400 |",
    ]

"""What a look costs depends on what is new, not on how long the log is."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from services.broker.log import embedded_sql as sql

TOPICS = [f"city.test.topic-{number}" for number in range(40)]
PORTION = 20


def steps_of_a_read(folder: Path, length: int) -> int:
    """SQLite's own steps for reading the last portion of a log."""
    with closing(sql.connect(str(folder / f"{length}.db"))) as connection:
        rows = [(TOPICS[0], f"key-{number % 7}", b"{}", b"[]", 0) for number in range(length)]
        sql.append(connection, rows)
        steps = 0

        def count() -> None:
            nonlocal steps
            steps += 1

        connection.set_progress_handler(count, 10)
        found, _ = sql.read(connection, TOPICS, length - PORTION + 1, PORTION)
        assert len(found) == PORTION
        return steps


def test_reading_the_end_of_a_long_log_takes_no_longer(tmp_path: Path) -> None:
    assert steps_of_a_read(tmp_path, 5_000) <= 2 * steps_of_a_read(tmp_path, 50)

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import csvtable
from connectors.csvtable import Table, day, read_table
from connectors.faults import Faults
from schemas.problem import Unprocessable

CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


def read(raw: bytes, *required: str) -> Table:
    faults = Faults("a test")
    table = read_table("t.csv", raw, faults, required=required)
    faults.check()
    return table


@given(st.lists(st.tuples(CELLS, CELLS), max_size=6))
def test_what_another_writer_wrote_is_read_the_same(rows: list[tuple[str, str]]) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *rows])
    table = read(text.getvalue().encode(), "a", "b")
    assert [tuple(row.values.values()) for row in table.rows] == rows


def test_a_record_s_line_is_where_it_begins() -> None:
    table = read(b'a,b\r\n"one\r\ntwo",2\r\n\r\n3,4\r\n')
    assert [row.line for row in table.rows] == [2, 5]
    assert table.rows[1].where("b") == "t.csv:5 b"


def test_a_repeated_column_is_refused() -> None:
    with pytest.raises(Unprocessable) as refused:
        read(b"a,b,a\n1,2,3\n")
    assert refused.value.faults[0].where == "t.csv:1 a"


def test_a_table_of_too_many_records_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csvtable, "MOST_ROWS", 2)
    assert len(read(b"a\n1\n2\n").rows) == 2
    with pytest.raises(Unprocessable) as refused:
        read(b"a\n1\n2\n3\n")
    assert refused.value.faults[0].where == "t.csv:4"


def test_a_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(Unprocessable) as refused:
        read(b"a,b\n1,\0\n")
    assert refused.value.faults[0].where == "t.csv:2"


@pytest.mark.parametrize("text", ["20260401", "2026-W01-1", "2026-02-30", "2026/04/01", ""])
def test_a_day_is_written_in_one_way(text: str) -> None:
    with pytest.raises(ValueError):
        day(text)

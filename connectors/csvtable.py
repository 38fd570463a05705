"""CSV files (RFC 4180) read strictly: every value knows its file, line and column.

UTF-8 with or without a byte order mark; where Japanese municipalities publish, also Windows-31J
(CP932, what they call Shift_JIS).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeVar

from connectors.faults import Faults

MOST_ROWS: Final = 1_000_000
MUNICIPAL: Final = ("utf-8", "cp932")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """One record.

    Attributes:
        file, line: where it begins; the header is line 1.
        values: column → text, trimmed of nothing.
    """

    file: str
    line: int
    values: dict[str, str]

    def where(self, column: str = "") -> str:
        return f"{self.file}:{self.line} {column}".rstrip()

    def get(self, *columns: str) -> str:
        """The value of the first of these columns that the file has; empty when none."""
        return next((self.values[c].strip() for c in columns if c in self.values), "")

    def needed(self, column: str, faults: Faults) -> str:
        """The value, noting a fault when it is empty."""
        value = self.get(column)
        if not value:
            faults.add(self.where(column), "There is no value.")
        return value

    def read(self, column: str, reader: Callable[[str], T], what: str, faults: Faults) -> T | None:
        """``reader(value)``; None when empty, or when it raises ValueError: it is not ``what``."""
        value = self.get(column)
        if not value:
            return None
        try:
            return reader(value)
        except ValueError:
            faults.add(self.where(column), f"{value[:60]!r} is not {what}.")
            return None


@dataclass(frozen=True, slots=True)
class Table:
    """A file's header and records."""

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def keyed(self, column: str, faults: Faults) -> dict[str, Row]:
        """Rows by a column whose values must be there and differ."""
        found: dict[str, Row] = {}
        for row in self.rows:
            key = row.needed(column, faults)
            if key in found:
                what = f"{key!r} is in line {found[key].line} already."
                faults.add(row.where(column), what, "Give each record an identifier of its own.")
            elif key:
                found[key] = row
        return found


def degrees(most: int) -> Callable[[str], float]:
    """A reader of a coordinate of at most ``most`` degrees either way."""

    def read(text: str) -> float:
        value = float(text)
        if not -most <= value <= most:
            raise ValueError(text)
        return value

    return read


def day(text: str) -> date:
    """Reads ``YYYY-MM-DD``, and no other of ISO 8601's ways to write a day."""
    if len(text) != len("2026-04-01") or text[4] != "-" or text[7] != "-":
        raise ValueError(text)
    return date.fromisoformat(text)


def read_table(
    file: str,
    raw: bytes,
    faults: Faults,
    *,
    required: Sequence[str | tuple[str, ...]],
    encodings: Sequence[str] = ("utf-8",),
) -> Table:
    """Read a CSV file.

    Args:
        file: its name, for faults.
        required: columns that must be there; a tuple names alternatives.
        encodings: tried in order, each strictly.

    Raises:
        Unprocessable: it cannot be read, or a column is missing. What is wrong in single records
            is noted in ``faults``.
    """
    records = _records(file, _decode(file, raw, faults, encodings), faults)
    _, header = next(records, (1, []))
    columns = tuple(name.strip() for name in header)
    _check_header(file, columns, required, faults)
    rows: list[Row] = []
    for line, record in records:
        if len(rows) >= MOST_ROWS:
            faults.stop(f"{file}:{line}", f"There are more than {MOST_ROWS} records.")
        if len(record) != len(columns):
            what = f"{len(record)} values in a table of {len(columns)} columns."
            faults.add(f"{file}:{line}", what, "Quote values that hold commas or line ends.")
            continue
        rows.append(Row(file, line, dict(zip(columns, record, strict=True))))
    return Table(file, columns, tuple(rows))


def _decode(file: str, raw: bytes, faults: Faults, encodings: Sequence[str]) -> str:
    bare = raw.removeprefix(b"\xef\xbb\xbf")
    text, furthest = None, 0
    for encoding in encodings:
        try:
            text = bare.decode(encoding)
            break
        except UnicodeDecodeError as error:
            furthest = max(furthest, error.start)
    if text is None:
        line = bare[:furthest].count(b"\n") + 1
        what = f"A byte here is not {' or '.join(encodings)}."
        faults.stop(f"{file}:{line}", what, "Save the file as UTF-8.")
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        faults.stop(f"{file}:{line}", "There is a NUL character; this is not a text file.")
    return text


def _records(file: str, text: str, faults: Faults) -> Iterator[tuple[int, list[str]]]:
    """(first line, values) of each record; empty lines are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for record in reader:
            if record:
                yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        faults.stop(f"{file}:{line}", f"Not CSV: {error}.", "A quotation mark may be left open.")


def _check_header(
    file: str, columns: tuple[str, ...], required: Sequence[str | tuple[str, ...]], faults: Faults
) -> None:
    for wanted in required:
        names = (wanted,) if isinstance(wanted, str) else wanted
        if not any(name in columns for name in names):
            what = f"The column {' or '.join(names)} is missing."
            faults.add(
                f"{file}:1 {names[0]}", what, f"The columns are: {', '.join(columns)[:500]}."
            )
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    for name in twice:
        faults.add(f"{file}:1 {name}", "The column is there twice.")
    faults.check()

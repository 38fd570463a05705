"""A municipal CSV: UTF-8 or Shift_JIS, told by line and column.

推奨データセット are published in either encoding. The bytes alone decide which, strictly: a file
is in the first encoding in which it is whole.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from connectors.faults import Faults

MOST_ROWS: Final = 50_000
MOST_CELL: Final = 10_000


@dataclass(frozen=True, slots=True)
class Row:
    """A line; cells that are not there are empty."""

    line: int
    cells: dict[str, str]

    def text(self, *columns: str) -> str:
        """The first of the columns that has something, without blanks around it."""
        found = (self.cells.get(column, "").strip() for column in columns)
        return next((text for text in found if text), "")

    def at(self, *columns: str) -> str:
        """Where the first of the columns that is there is, for a fault."""
        named = next((column for column in columns if column in self.cells), columns[0])
        return f"line {self.line} {named}"


def rows(raw: bytes, faults: Faults) -> tuple[tuple[str, ...], Iterator[Row]]:
    """The header and the rows.

    Raises:
        Unprocessable: it is not CSV in one of the encodings.
    """
    reader = csv.reader(io.StringIO(_decode(raw, faults), newline=""), strict=True)
    header = tuple(name.strip() for name in _next(reader, faults) or ())
    repeated = {name for name in header if name and header.count(name) > 1}
    for name in sorted(repeated):
        faults.add(f"line 1 {name}", "The column is there twice.", "keep one of them")
    return header, _rows(reader, header, faults)


def _rows(reader: Iterator[list[str]], header: tuple[str, ...], faults: Faults) -> Iterator[Row]:
    count = 0
    while (cells := _next(reader, faults)) is not None:
        line = _line(reader)
        count += 1
        if count > MOST_ROWS:
            faults.stop(f"line {line}", f"More than {MOST_ROWS} rows.")
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            faults.add(
                f"line {line}",
                f"The line has {len(cells)} cells, the header {len(header)}.",
                'send the file whole, with cells that have commas in quotes: "…"',
            )
        if any(len(cell) > MOST_CELL for cell in cells):
            faults.stop(f"line {line}", f"A cell has more than {MOST_CELL} characters.")
        yield Row(line, dict(zip(header, cells, strict=False)))


def _line(reader: Iterator[list[str]]) -> int:
    return int(getattr(reader, "line_num", 0))


def _next(reader: Iterator[list[str]], faults: Faults) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        faults.stop(f"line {_line(reader) + 1}", f"Not CSV (RFC 4180): {error}.")


def _decode(raw: bytes, faults: Faults) -> str:
    furthest = 0
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as error:
            # the encoding in which more of it can be read is the one that was meant
            furthest = max(furthest, error.start)
    line = raw.count(b"\n", 0, furthest) + 1
    return faults.stop(
        f"line {line}",
        f"Byte {raw[furthest]:#04x} is neither UTF-8 nor Shift_JIS (CP932) here.",
        "save the file whole in one of these encodings",
    )

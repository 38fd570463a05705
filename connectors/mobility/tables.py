"""The tables of a GTFS zip: decoded, counted, and every fault with its file, line and column.

Nothing in the archive's own directory is believed: sizes are counted while inflating.
"""

from __future__ import annotations

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from connectors.faults import Faults

MOST_FILES: Final = 200
MOST_BYTES: Final = 512 * 1024 * 1024
"""Inflated, all tables together."""
MOST_ROWS: Final = 4_000_000
MOST_RATIO: Final = 200
"""Inflated to deflated bytes of one table; timetables reach about 30."""
_RATIO_FROM = 4 * 1024 * 1024  # below this a high ratio harms nobody
_MOST_CELL = 64 * 1024

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table. Cells that are not there are empty."""

    file: str
    line: int
    cells: dict[str, str]

    def text(self, column: str) -> str:
        """As the feed has it, blanks and all."""
        return self.cells.get(column, "")

    def key(self, column: str) -> str:
        """An id or a code: without blanks around it."""
        return self.cells.get(column, "").strip()

    def at(self, column: str) -> str:
        """Where this cell is, for a fault."""
        return f"{self.file}:{self.line} {column}"


class Tables:
    """The tables in a zip.

    Args:
        raw: the zip.
        faults: where what is wrong is noted.

    Raises:
        Unprocessable: it is not a zip that can be read safely.
    """

    def __init__(self, raw: bytes, faults: Faults) -> None:
        self._faults = faults
        self._size, self._bytes, self._rows = len(raw), 0, 0
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(raw))
            entries = self._zip.infolist()
        except (*_BROKEN, ValueError, UnicodeError) as error:
            faults.stop("zip", f"This is not a whole zip archive: {error}.", "send it whole")
        if len(entries) > MOST_FILES:
            faults.stop("zip", f"The archive has more than {MOST_FILES} files.")
        self._entries = {entry.filename: entry for entry in entries}

    def __contains__(self, file: str) -> bool:
        return file in self._entries

    def misplaced(self, file: str) -> str:
        """Where a table is that should be at the archive's root; empty when nowhere."""
        return next((name for name in self._entries if name.endswith("/" + file)), "")

    def rows(self, file: str, required: tuple[str, ...]) -> Iterator[Row]:
        """The rows of a table; nothing when it is absent.

        Args:
            required: columns that must be in the header.

        Raises:
            Unprocessable: a column is missing, or the table cannot be read further.
        """
        if file not in self._entries:
            return
        reader = csv.reader(io.StringIO(self._text(file), newline=""), strict=True)
        header = [name.strip() for name in self._next(reader, file) or []]
        missing = [column for column in required if column not in header]
        for column in missing:
            self._faults.add(f"{file}:1 {column}", "The column is missing.", "add it")
        if missing:
            self._faults.refuse()  # every row would be wrong in the same way
        while (cells := self._next(reader, file)) is not None:
            if any(cells):
                yield self._row(file, reader.line_num, header, cells)

    def _next(self, reader: Iterator[list[str]], file: str) -> list[str] | None:
        self._rows += 1
        line = getattr(reader, "line_num", 0) + 1
        if self._rows > MOST_ROWS:
            self._faults.stop(f"{file}:{line}", f"The feed has more than {MOST_ROWS} rows.")
        try:
            return next(reader, None)
        except csv.Error as error:
            self._faults.stop(f"{file}:{line}", f"Not CSV (RFC 4180): {error}.")

    def _row(self, file: str, line: int, header: list[str], cells: list[str]) -> Row:
        if any(cells[len(header) :]):
            self._faults.add(
                f"{file}:{line}",
                f"The line has {len(cells)} cells, the header {len(header)}.",
                'put cells with commas in quotes: "…"',
            )
        if any(len(cell) > _MOST_CELL for cell in cells):
            self._faults.stop(f"{file}:{line}", f"A cell has more than {_MOST_CELL} characters.")
        return Row(file, line, dict(zip(header, cells, strict=False)))

    def _text(self, file: str) -> str:
        raw = self._inflate(file)
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            self._faults.stop(
                f"{file}:{line}",
                f"Byte {raw[error.start]:#04x} is not UTF-8.",
                "GTFS files are UTF-8: save the table in that encoding",
            )

    def _inflate(self, file: str) -> bytes:
        entry = self._entries[file]
        if entry.compress_type not in _METHODS:
            self._faults.stop(file, "Compressed by another method than deflate.")
        allowed = min(
            MOST_BYTES - self._bytes,
            max(_RATIO_FROM, min(entry.compress_size, self._size) * MOST_RATIO),
        )
        try:
            with self._zip.open(entry) as stream:
                raw = stream.read(allowed + 1)
        except (*_BROKEN, ValueError) as error:
            self._faults.stop(file, f"The table cannot be unpacked: {error}.", "send the zip whole")
        if len(raw) > allowed:
            self._faults.stop(file, f"Inflates to more than {allowed} bytes: refused as unsafe.")
        self._bytes += len(raw)
        return raw

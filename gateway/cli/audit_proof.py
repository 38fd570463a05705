"""Reading the whole audit log through the open API, for proving it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateway.cli.operator import Operator, Refused
from gateway.cli.screen import Progress
from gateway.control.audit.checkpoint import BadCheckpoint, Checkpoint, Verifier
from gateway.control.audit.recount import Recount
from gateway.control.audit.uses import Use, day_of
from gateway.control.audit.verify import Entry, Good, verify

PAGE: Final = 1000


def prove(city: Operator, kept: Path | None, key: str, progress: Progress) -> Good:
    """Read the whole log, and prove it.

    Args:
        kept: a file with a checkpoint from before.
        key: the log's, from before; asked of the log when empty.

    Raises:
        Tampered: where it is not what was signed.
        Refused: what was kept cannot be used.
    """
    verifier = _verifier(key or city.text("/audit/v1/key"))
    before = _read_kept(kept, verifier)
    counts = _counts(city)  # before the size is asked for: they may not know of more
    total = _size_of(city.text("/audit/v1/checkpoint"))
    with progress(total, "Verifying") as advance:
        return verify(
            _entries(city, total), _notes(city, total), verifier,
            kept=before, recount=counts, progress=advance,
        )  # fmt: skip


def _verifier(text: str) -> Verifier:
    try:
        return Verifier.parse(text)
    except BadCheckpoint as error:
        raise Refused(f"{error}: give --key as GET /audit/v1/key prints it.") from error


def _read_kept(path: Path | None, verifier: Verifier) -> Checkpoint | None:
    if path is None:
        return None
    try:
        return verifier.read(path.read_text())
    except (OSError, BadCheckpoint) as error:
        raise Refused(f"{path}: {error}") from error


def _size_of(note: str) -> int:
    """Only for the progress bar: what counts is verified."""
    lines = note.split("\n", 2)
    return int(lines[1]) if len(lines) > 1 and lines[1].isdigit() else 0


def _entries(city: Operator, total: int) -> Iterator[Entry]:
    """Those that were there when it began: the log goes on while it is read."""
    start = 0
    while start < total and (page := _page(city, start, min(PAGE, total - start))):
        yield from page
        start = page[-1].number + 1
    # what came since is under a newer checkpoint; what is not was never signed
    more = _page(city, start, 1)
    if more and _size_of(city.text("/audit/v1/checkpoint")) <= total:
        yield from more


def _page(city: Operator, start: int, limit: int) -> list[Entry]:
    found = city.call("GET", f"/audit/v1/entries?start={start}&limit={limit}")
    return [
        Entry(
            one["number"], one["entry"], bytes.fromhex(one["leaf"]), one["subject"], one["opened"]
        )
        for one in found
    ]


def _notes(city: Operator, total: int) -> Iterator[str]:
    after = 0
    while after < total and (
        page := city.call("GET", f"/audit/v1/checkpoints?after={after}&limit={PAGE}")
    ):
        for one in page:
            if one["size"] <= total:
                yield one["note"]
        after = page[-1]["size"]


def _counts(city: Operator) -> Recount:
    """What is told of each month in which there were events."""
    first = city.call("GET", "/audit/v1/entries?start=0&limit=1")
    months = {}
    if first:
        at = json.loads(first[0]["entry"])["at"]
        for month in _months(day_of(at), day_of(int(time.time() * 1000))):
            told = city.call("GET", f"/audit/v1/uses?month={month}")
            uses = {Use(*map(one.get, Use._fields)): one["count"] for one in told["uses"]}
            months[month] = (told["size"], uses)
    return Recount(months.items())


def _months(first: str, last: str) -> Iterator[str]:
    """Of two days, and between them."""
    year, month = int(first[:4]), int(first[5:7])
    while (found := f"{year:04d}-{month:02d}") <= last[:7]:
        yield found
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)

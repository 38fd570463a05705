"""What a person sees: colour and progress where there is a terminal, and columns everywhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import zip_longest
from typing import Any, Final, Literal
from unicodedata import east_asian_width

import typer

Colour = Literal["red", "green", "yellow", "blue"]
Progress = Callable[[int, str], AbstractContextManager[Callable[[int], None]]]
"""A total and a label; what advances it."""

_GAP: Final = 2


def coloured() -> bool:
    """Whether standard output is a terminal whose user likes colour (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def paint(text: str, colour: Colour) -> str:
    return typer.style(text, fg=colour) if coloured() else text


def clear() -> None:
    """An empty screen, where there is one."""
    if sys.stdout.isatty():
        typer.echo("\x1b[H\x1b[2J", nl=False)


def columns(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as text, each column as wide as its widest cell; Japanese letters are two wide."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip_longest(*cells, fillvalue="")]
    return "\n".join(
        "".join(
            cell + " " * (width + _GAP - _width(cell))
            for cell, width in zip(row, widths, strict=False)
        ).rstrip()
        for row in cells
    )


def _width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "FW" else 1 for letter in text)


@contextmanager
def progress(total: int, label: str) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, if that is a terminal; yields what advances it by a number."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with typer.progressbar(length=total, label=label, file=sys.stderr) as bar:
        yield bar.update

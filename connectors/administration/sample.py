"""Mirai City's public facilities and procedures, in the real formats."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent / "sample"


@cache
def _file(name: str) -> bytes:
    return (_HERE / name).read_bytes()


def facilities(_now: datetime) -> bytes:
    return _file("facilities.csv")


def procedures(_now: datetime) -> bytes:
    return _file("procedures.json")

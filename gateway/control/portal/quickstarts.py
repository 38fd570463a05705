"""The quickstarts: programs that run as they are printed, each kept as the file that it is.

The files in ``quickstarts/`` are whole programs for :data:`PLACE`; what is printed differs from
them in the city's address alone. Keys are read from the environment: no secret is in a page.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

PLACE: Final = "https://your-city.example"
TOPICS: Final = ("open", "token", "consent", "events", "ngsi")
_FILES: Final = {"ngsi": "near"}
_HERE: Final = Path(__file__).with_name("quickstarts")


@dataclass(frozen=True, slots=True)
class Kind:
    """A language to write programs in; ``run`` is the command, empty for what is pasted."""

    language: str
    suffix: str
    run: str = ""


KINDS: Final = (
    Kind("curl", "sh"),
    Kind("Python", "py", "python3"),
    Kind("JavaScript (Node.js 18+)", "mjs", "node"),
)


@dataclass(frozen=True, slots=True)
class Program:
    """One program as it is printed.

    Attributes:
        file: under which to save it.
        run: the command that runs it; empty for what is pasted into a shell.
    """

    id: str
    language: str
    file: str
    run: str
    source: str


def programs(topic: str, city: str) -> list[Program]:
    """Those of a topic, in every language.

    Args:
        city: its public address.
    """
    stem = _FILES.get(topic, topic)
    return [_program(topic, f"{stem}.{kind.suffix}", kind, city) for kind in KINDS]


def _program(topic: str, file: str, kind: Kind, city: str) -> Program:
    run = f"{kind.run} {file}" if kind.run else ""
    source = _read(file).replace(PLACE, city).rstrip()
    return Program(f"{topic}-{kind.suffix}", kind.language, file, run, source)


@cache
def _read(file: str) -> str:
    return (_HERE / file).read_text()

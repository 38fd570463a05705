"""Findings: everything that is wrong with a document, gathered before it is refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from schemas.problem import Fault

MOST: Final = 200
"""Findings kept for one document; who has more starts with these."""


class Findings:
    """Collects faults, each with its JSON Pointer (RFC 6901) into the document."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def add(self, where: str, what: str, fix: str = "") -> None:
        if len(self.faults) < MOST:
            self.faults.append(Fault(where, what, fix))

    def __bool__(self) -> bool:
        return bool(self.faults)

    def __len__(self) -> int:
        return len(self.faults)


def pointer(*parts: object) -> str:
    """A JSON Pointer from its unescaped parts."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def lines(faults: Iterable[Fault]) -> list[str]:
    """Faults as lines for a terminal or a log."""
    return [f"{f.where}: {f.what}" + (f" — {f.fix}" if f.fix else "") for f in faults]

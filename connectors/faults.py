"""Gathering what is wrong in a document, so that its holder sees more than the first fault."""

from __future__ import annotations

from typing import Final, NoReturn

from schemas.problem import Fault, Unprocessable

MOST: Final = 50
"""Faults reported at most; a file that is wrong in every line says nothing more after these."""


class Faults:
    """What is wrong so far. ``standard`` names the format in the refusal."""

    def __init__(self, standard: str) -> None:
        self._standard = standard
        self.found: list[Fault] = []

    def add(self, where: str, what: str, fix: str = "") -> None:
        """Note a fault; with :data:`MOST` of them the reading ends."""
        self.found.append(Fault(where, what, fix))
        if len(self.found) >= MOST:
            self.refuse()

    def check(self) -> None:
        """Refuse the document if anything is wrong with it.

        Raises:
            Unprocessable: naming every fault.
        """
        if self.found:
            self.refuse()

    def refuse(self) -> NoReturn:
        raise Unprocessable(
            f"This is not acceptable as {self._standard}; correct what `errors` names and send it "
            "again. What was served before stays served.",
            faults=tuple(self.found),
        )

    def stop(self, where: str, what: str, fix: str = "") -> NoReturn:
        """Note a fault after which nothing more can be read."""
        self.found.append(Fault(where, what, fix))
        self.refuse()

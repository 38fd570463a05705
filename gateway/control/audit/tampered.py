"""What is wrong with a log."""

from __future__ import annotations


class Tampered(Exception):
    """The log is not what was signed.

    Args:
        number: the first event that is wrong, or the first that may be.
        what: what is wrong with it.
    """

    def __init__(self, number: int, what: str) -> None:
        super().__init__(f"event {number}: {what}")
        self.number, self.what = number, what

"""Reading plain JSON with the place of each fault: what a policy snapshot is checked with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

T = TypeVar("T")


class Invalid(ValueError):
    """The snapshot is not one that this core can run on; the message says where and why."""


class At:
    """A value and where it stands, as a JSON Pointer (RFC 6901).

    Example:
        ``At({"a": [{"b": 1}]})["a"].each()`` gives the place ``/a/0``; its ``["b"].whole()`` is 1.
    """

    __slots__ = ("value", "where")

    def __init__(self, value: object, where: str = "") -> None:
        self.value = value
        self.where = where

    def __getitem__(self, name: str) -> At:
        members = self._of(dict, "an object")
        if name not in members:
            raise Invalid(f"{self.where}/{name}: missing")
        return At(members[name], f"{self.where}/{name}")

    def get(self, name: str) -> At | None:
        return self[name] if name in self._of(dict, "an object") else None

    def each(self) -> Iterator[At]:
        for index, item in enumerate(self._of(list, "an array")):
            yield At(item, f"{self.where}/{index}")

    def members(self) -> Iterator[tuple[str, At]]:
        for name, value in self._of(dict, "an object").items():
            yield name, At(value, f"{self.where}/{name}")

    def text(self, *, empty: bool = False) -> str:
        found: str = self._of(str, "text")
        if not found and not empty:
            raise self.wrong("empty")
        return found

    def one_of(self, *allowed: str) -> str:
        found = self.text()
        if found not in allowed:
            raise self.wrong(f"{found!r} is none of {', '.join(allowed)}")
        return found

    def whole(self, least: int = 0) -> int:
        found: int = self._of(int, "a whole number")
        if found < least:
            raise self.wrong(f"less than {least}")
        return found

    def flag(self) -> bool:
        return bool(self._of(bool, "true or false"))

    def wrong(self, what: str) -> Invalid:
        return Invalid(f"{self.where or '/'}: {what}")

    def _of(self, kind: type[Any], name: str) -> Any:
        # bool is an int in Python, and is none here
        if not isinstance(self.value, kind) or (kind is int and isinstance(self.value, bool)):
            raise self.wrong(f"not {name}")
        return self.value

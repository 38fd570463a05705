"""Reading values out of an ISO 20022 message, and gathering all that is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from lxml import etree

from connectors.payments.xml import Element, path
from schemas.problem import Fault

T = TypeVar("T")

_MOST_FAULTS = 50


class Reader:
    """Reads elements of one namespace.

    Attributes:
        faults: what was wrong so far, at most 50.
    """

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        self.faults: list[Fault] = []

    def fault(self, element: Element, what: str, fix: str = "") -> None:
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(Fault(path(element), what, fix))

    def all(self, parent: Element, name: str) -> list[Element]:
        return list(parent.iterchildren(f"{{{self._namespace}}}{name}"))

    def find(self, parent: Element | None, names: str) -> Element | None:
        """The descendant along ``A/B/C``; the first where there are several."""
        at = parent
        for name in names.split("/"):
            if at is None:
                return None
            at = next(iter(self.all(at, name)), None)
        return at

    def need(self, parent: Element, names: str) -> Element | None:
        """The descendant along ``A/B/C``; what is missing is a fault of the last that is there."""
        at, rest = parent, names.split("/")
        while rest:
            found = self.find(at, rest[0])
            if found is None:
                self.fault(at, f"{'/'.join(rest)} is missing")
                return None
            at, rest = found, rest[1:]
        return at

    def text(self, parent: Element | None, names: str, most: int) -> str | None:
        """Text of an optional element, of 1 to ``most`` characters."""
        found = self.find(parent, names)
        if found is None:
            return None
        return self._text(found, most)

    def needed_text(self, parent: Element, names: str, most: int) -> str:
        """Text of an element that must be there; ``""`` with a fault when it is not."""
        found = self.need(parent, names)
        return self._text(found, most) if found is not None else ""

    def _text(self, element: Element, most: int) -> str:
        text = (element.text or "").strip()
        if len(element) or not 1 <= len(text) <= most:
            self.fault(element, f"must be text of 1 to {most} characters")
            return ""
        return text

    def value(
        self, parent: Element, names: str, read: Callable[[str], T], default: T, most: int = 40
    ) -> T:
        """A value read from the text of an element that must be there."""
        found = self.need(parent, names)
        return default if found is None else self.of(found, read, default, most)

    def of(self, element: Element, read: Callable[[str], T], default: T, most: int = 40) -> T:
        """A value read from an element's text; ``read`` raises ValueError saying what is wrong."""
        text = self._text(element, most)
        if not text:
            return default
        try:
            return read(text)
        except ValueError as error:
            self.fault(element, str(error))
            return default


def namespace_of(root: Element) -> str:
    return str(etree.QName(root).namespace or "")

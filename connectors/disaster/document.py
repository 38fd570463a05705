"""XML that may come from anybody: read without entities, network or surprises.

Document type declarations are refused outright: neither CAP nor the JMA format has one, and all the
attacks by entity need one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from lxml import etree

from connectors.faults import Faults

MOST_BYTES: Final = 1024 * 1024
"""Of one alert; JMA's longest telegrams have about half of it."""
MOST_ELEMENTS: Final = 100_000


@dataclass(frozen=True)
class Node:
    """An element, known by its local name; where it is can be told.

    Attributes:
        path: from the root, such as ``/alert/info[2]/area[1]``.
    """

    element: Any
    path: str
    faults: Faults

    @property
    def where(self) -> str:
        return f"{self.path} (line {self.element.sourceline})"

    @property
    def namespace(self) -> str:
        return str(etree.QName(self.element).namespace or "")

    @property
    def name(self) -> str:
        return str(etree.QName(self.element).localname)

    @property
    def text(self) -> str:
        return (self.element.text or "").strip()

    def get(self, attribute: str) -> str:
        return str(self.element.get(attribute, ""))

    def all(self, name: str) -> list[Node]:
        """The children of that name, in order."""
        found = [child for child in self.element if etree.QName(child).localname == name]
        return [
            Node(child, f"{self.path}/{name}[{i}]", self.faults) for i, child in enumerate(found, 1)
        ]

    def first(self, path: str) -> Node | None:
        """The first descendant by a path of names, such as ``Hypocenter/Area``."""
        found: Node | None = self
        for name in path.split("/"):
            children = found.all(name) if found else []
            found = children[0] if children else None
        return found

    def value(self, path: str) -> str:
        """The text there; empty where there is none."""
        found = self.first(path)
        return found.text if found else ""

    def required(self, path: str) -> str:
        """The text there; its absence is noted."""
        value = self.value(path)
        if not value:
            self.faults.add(f"{self.where}/{path}", "It is missing or empty.", "add it")
        return value

    def word(self, path: str, words: dict[str, str], default: str = "") -> str:
        """One of the words of a closed list, translated; anything else is noted."""
        value = self.value(path) if default else self.required(path)
        if value in words:
            return words[value]
        if value:
            allowed = ", ".join(words)
            self.faults.add(f"{self.where}/{path}", f"{value[:40]!r} is none of: {allowed}.")
        return default or next(iter(words.values()))

    def time(self, path: str) -> datetime | None:
        """A time with its offset; None where there is none."""
        text = self.value(path)
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None or not 1900 < moment.year < 2200:
            self.faults.add(
                f"{self.where}/{path}",
                f"{text[:40]!r} is not a time with its offset.",
                "write it as 2026-04-01T09:30:00+09:00",
            )
            return None
        return moment

    def first_all(self, path: str, name: str) -> list[Node]:
        """The children of that name of the first descendant by ``path``; none where it is not."""
        found = self.first(path)
        return found.all(name) if found else []

    def walk(self) -> Iterator[Node]:
        """The children, whatever their names."""
        for child in self.element:
            yield Node(child, f"{self.path}/{etree.QName(child).localname}", self.faults)


def read_xml(raw: bytes, faults: Faults) -> Node:
    """The root of a document.

    Raises:
        Unprocessable: it is not well-formed, too large, or declares a document type.
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        faults.stop(f"line {line}", f"Not well-formed XML: {str(error)[:200]}.")
    if root.getroottree().docinfo.internalDTD is not None:
        faults.stop(
            "document type declaration",
            "document type declarations are not accepted",
            "send the document without <!DOCTYPE …>",
        )
    if sum(1 for _ in root.iter()) > MOST_ELEMENTS:
        faults.stop("document", f"More than {MOST_ELEMENTS} elements.")
    return Node(root, f"/{etree.QName(root).localname}", faults)


def digest_of(root: Node) -> bytes:
    """Of what a document says: another encoding, other quotes or indents are the same document.

    Not Canonical XML, which refuses documents that are readable (relative namespace names).
    """
    said = sha256()
    for happens, element in etree.iterwalk(root.element, events=("start", "end")):
        if happens == "start":
            text = (element.text or "").strip()
            said.update(repr((element.tag, sorted(element.attrib.items()), text)).encode())
        else:
            said.update(repr((element.tail or "").strip()).encode())
    return said.digest()

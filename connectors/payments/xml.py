"""Reading XML from outside: no entities, no network, no document types, a place for each fault."""

from __future__ import annotations

from typing import Any

from lxml import etree

from schemas.problem import Fault, Unprocessable

Element = etree._Element


def parse(raw: bytes) -> Element:
    """The root element.

    Raises:
        Unprocessable: not well-formed, not UTF-8, or with a document type declaration (which is
            what entity attacks are made of).
    """
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    if b"<!DOCTYPE" in raw:  # refused before the parser sees it
        raise _refused("line 1", "document type declarations are not accepted", "remove it")
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        where, what = _position(error)
        raise _refused(where, what, "send the whole document, well-formed and in UTF-8") from None
    info: Any = root.getroottree().docinfo
    if info.doctype or info.internalDTD is not None:
        raise _refused("line 1", "document type declarations are not accepted", "remove it")
    if (info.encoding or "UTF-8").upper() not in ("UTF-8", "US-ASCII", "ASCII"):
        raise _refused("line 1", f"the encoding is {info.encoding}", "send UTF-8")
    return root


def _refused(where: str, what: str, fix: str) -> Unprocessable:
    return Unprocessable("The XML document cannot be read.", faults=(Fault(where, what, fix),))


def _position(error: Exception) -> tuple[str, str]:
    if isinstance(error, etree.XMLSyntaxError) and error.lineno:
        return f"line {error.lineno}", str(error.msg or "not well-formed")[:200]
    return "line 1", "not an XML document"


def local_name(element: Element) -> str:
    return str(etree.QName(element).localname)


def path(element: Element) -> str:
    """Where an element stands: its line, and its path by local names, counted among equals."""
    steps: list[str] = []
    at: Element | None = element
    while at is not None:
        parent = at.getparent()
        same = list(parent.iterchildren(at.tag)) if parent is not None else [at]
        index = f"[{same.index(at) + 1}]" if len(same) > 1 else ""
        steps.append(local_name(at) + index)
        at = parent
    return f"line {element.sourceline}: /" + "/".join(reversed(steps))

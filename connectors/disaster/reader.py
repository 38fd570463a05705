"""An alert document in any standard that the city takes, known by its root's namespace."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from connectors.disaster import cap, jma
from connectors.disaster.document import Node, digest_of, read_xml
from connectors.disaster.report import Report
from connectors.faults import Faults

STANDARDS: Final = "CAP 1.1, CAP 1.2 or JMA 防災情報XML"
MEDIA_TYPES: Final = ("application/cap+xml", "application/xml", "text/xml")


def read_alert(raw: bytes) -> Report:
    """Read one alert document.

    Raises:
        Unprocessable: it is in no known standard, or wrong in its own.
    """
    return report_of(read_xml(raw, Faults(STANDARDS)))


def report_of(root: Node) -> Report:
    """Read an alert document by its root; raises as :func:`read_alert`."""
    digest = digest_of(root)
    if root.namespace in cap.NAMESPACES and root.name == "alert":
        return replace(cap.parse_cap(root), digest=digest)
    if root.namespace != jma.NAMESPACE or root.name != "Report":
        root.faults.stop(
            root.where,
            f"The root is {{{root.namespace[:80]}}}{root.name[:40]}.",
            "send <alert> of CAP 1.1 or 1.2, or <Report> of the JMA format",
        )
    return replace(jma.parse_jma(root), digest=digest)

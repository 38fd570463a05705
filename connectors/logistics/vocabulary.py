"""GS1 vocabularies: EPC schemes, and the Core Business Vocabulary (CBV 2.0) in its three spellings.

``shipping``, ``urn:epcglobal:cbv:bizstep:shipping`` and
``https://ref.gs1.org/cbv/BizStep-shipping`` say the same; inside, the bare word is used.
"""

from __future__ import annotations

import re
from typing import Final

URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}:[^\s<>\"{}|\\^`\x00-\x1f\x7f]{1,400}")
BARE: Final = re.compile(r"[a-z][a-z0-9_]{0,60}")

_CBV_URN = re.compile(r"urn:epcglobal:cbv:(?:bizstep|disp|btt|sdt|er):([a-z0-9_]+)")
_CBV_WEB = re.compile(r"https?://(?:ref\.)?gs1\.org/(?:voc|cbv)/[A-Za-z]+-([a-z0-9_]+)")
_EPC = re.compile(r"urn:epc:(?:id|class|idpat):([a-z0-9-]+):.+")
_DIGITAL_LINK = re.compile(r"https?://[^?#]+?/(00|01|414|8003|8004|8006|8010|8017|8018)/.+")
_SCHEME_OF_KEY: Final = {
    "00": "sscc",
    "01": "sgtin",
    "414": "sgln",
    "8003": "grai",
    "8004": "giai",
    "8006": "itip",
    "8010": "cpi",
    "8017": "gsrnp",
    "8018": "gsrn",
}
"""GS1 application identifier that opens a Digital Link → EPC scheme."""


def bare(value: str | None) -> str | None:
    """A CBV value as its bare word; any other URI unchanged."""
    if value is None:
        return None
    found = _CBV_URN.fullmatch(value) or _CBV_WEB.fullmatch(value)
    return found[1] if found else value


def scheme(epc: str) -> str:
    """The EPC scheme of a thing: ``sscc``, ``sgtin``, …; ``other`` for URIs not of GS1."""
    if found := _EPC.fullmatch(epc):
        return found[1]
    if found := _DIGITAL_LINK.fullmatch(epc):
        return _SCHEME_OF_KEY[found[1]]
    return "other"

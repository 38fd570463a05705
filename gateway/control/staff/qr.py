"""A key for an authenticator app: as a picture, and spelled out for who cannot use one."""

from __future__ import annotations

from base64 import b32encode

import segno
from markupsafe import Markup


def svg(text: str) -> Markup:
    """An inline SVG image of the QR code; drawn with attributes only, so that it needs no style."""
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        scale=5, border=4, light="white", dark="black", svgclass=None, lineclass=None
    )
    return Markup(drawn)  # noqa: S704 - the library's drawing; the text is in it as squares only


def spelled(key: bytes) -> str:
    """Base32 in groups of four."""
    text = b32encode(key).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))

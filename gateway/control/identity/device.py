"""What kind of browser somebody signs in with, in the few words by which they know it again."""

from __future__ import annotations

from typing import Final

from fastapi import Request

_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""What a User-Agent has, and of which browser; others' names are in it too, so the order counts."""
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device_of(request: Request) -> str:
    """Such as ``Chrome (Android)``; empty where it says nothing that is known.

    No version, no model: what a person need not read is not kept.
    """
    agent = request.headers.get("user-agent", "")[:500]
    browser = _first(_BROWSERS, agent)
    system = _first(_SYSTEMS, agent)
    return f"{browser} ({system})" if browser and system else browser or system


def _first(known: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for mark, name in known if mark in agent), "")

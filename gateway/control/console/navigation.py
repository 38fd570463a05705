"""The console's navigation, and what its pages have in common."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request, Response

from gateway.control.console.texts import CONSOLE_TEXTS
from gateway.control.pages.wide import Link, Room, room_page
from gateway.control.staff.browser import StaffBrowser
from gateway.control.state import Control

HOME: Final = "/console"

NAVIGATION: Final = (Link(HOME, "nav_overview"),)
"""Each with the roles that its page asks for, so that nobody is shown what they may not open."""

CONSOLE: Final = Room(HOME, "console", NAVIGATION, CONSOLE_TEXTS)


def console_page(
    request: Request,
    control: Control,
    template: str,
    browser: StaffBrowser,
    *,
    status: int = 200,
    **values: Any,
) -> Response:
    """A page of the console; see :func:`gateway.control.pages.wide.room_page`."""
    return room_page(request, control, CONSOLE, template, browser, status=status, **values)

"""The portal's navigation, and what its pages have in common."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request, Response

from gateway.control.pages.wide import Link, Room, room_page
from gateway.control.portal.texts import PORTAL_TEXTS
from gateway.control.staff.browser import StaffBrowser
from gateway.control.state import Control

HOME: Final = "/developers"

APPS: Final = HOME + "/apps"

NAVIGATION: Final = (
    Link(HOME, "nav_overview"),
    Link(HOME + "/quickstarts", "nav_quickstarts"),
    Link(HOME + "/catalogue", "nav_catalogue"),
    Link(HOME + "/apis", "nav_reference"),
    Link(HOME + "/sandbox", "nav_sandbox"),
    Link(APPS, "nav_apps"),
    Link(HOME + "/status", "nav_status"),
    Link(HOME + "/changes", "nav_changelog"),
)

PORTAL: Final = Room(HOME, "portal", NAVIGATION, PORTAL_TEXTS)


def portal_page(
    request: Request,
    control: Control,
    template: str,
    browser: StaffBrowser | None = None,
    *,
    status: int = 200,
    **values: Any,
) -> Response:
    """A page of the portal; see :func:`gateway.control.pages.wide.room_page`."""
    return room_page(request, control, PORTAL, template, browser, status=status, **values)

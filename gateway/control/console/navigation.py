"""The console's navigation, and what its pages have in common."""

from __future__ import annotations

from typing import Any, Final

from fastapi import Request, Response

from gateway.control.console.texts import CONSOLE_TEXTS
from gateway.control.pages.wide import Link, Room, room_page
from gateway.control.staff.browser import StaffBrowser
from gateway.control.staff.roles import Role
from gateway.control.state import Control

HOME: Final = "/console"

_OPERATOR: Final[tuple[Role, ...]] = ("operator",)

NAVIGATION: Final = (
    Link(HOME, "nav_overview"),
    Link(HOME + "/live", "nav_live", _OPERATOR),
    Link(HOME + "/map", "nav_map", _OPERATOR),
    Link(HOME + "/emergency", "nav_emergency", _OPERATOR),
    Link(HOME + "/clients", "nav_clients", _OPERATOR),
    Link(HOME + "/apis", "nav_apis", _OPERATOR),
    Link(HOME + "/gateways", "nav_gateways", _OPERATOR),
    Link(HOME + "/dead-letters", "nav_letters", _OPERATOR),
    Link(HOME + "/objections", "nav_objections", _OPERATOR),
    Link(HOME + "/notices", "nav_notices", _OPERATOR),
    Link(HOME + "/keys", "nav_keys", _OPERATOR),
    Link(HOME + "/staff", "nav_staff", _OPERATOR),
    Link(HOME + "/audit", "nav_audit", ("auditor",)),
)
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

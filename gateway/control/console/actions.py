"""All pages on which operators do something, and auditors look things up."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter

from gateway.control.console import (
    apis_page,
    audit_page,
    checkpoints_page,
    client_page,
    clients_page,
    emergency_page,
    event_page,
    gateways_page,
    keys_page,
    letters_page,
    notices_page,
    objections_page,
    staff_page,
)

_PAGES: Final = (
    emergency_page,
    clients_page,
    client_page,
    apis_page,
    gateways_page,
    keys_page,
    letters_page,
    objections_page,
    notices_page,
    staff_page,
    audit_page,
    checkpoints_page,  # before the event's: its last segment is a word, not a number
    event_page,
)

router = APIRouter()
for _page in _PAGES:
    router.include_router(_page.router)

"""An application as its owner's pages show it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.control.oauth import clients
from gateway.control.oauth.asked import describe
from gateway.control.oauth.clients import Client
from gateway.control.oauth.registration import ClientMetadata
from gateway.control.policy.snapshot import ZONE
from gateway.control.portal.app_form import ITSELF, as_form
from gateway.control.state import Control

_TONES: Final = {"active": "good", "pending": "warn", "refused": "bad", "suspended": "bad"}
_SHOWN: Final = (
    ("app_name", "client_name"),
    ("scopes", "scope"),
    ("redirect_uris", "redirect_uris"),
    ("purposes", "purposes"),
    ("organisation", "organisation"),
    ("how_used", "grant_types"),
)
"""What of a proposal is shown: text → member of the metadata."""


def state_of(client: Client) -> str:
    return "suspended" if client.suspended else client.state


def card(client: Client) -> dict[str, Any]:
    """For the list."""
    state = state_of(client)
    return {
        "client_id": client.client_id,
        "name": client.name,
        "sandbox": client.sandbox,
        "state": state,
        "tone": _TONES[state],
        "scopes": len(client.scopes),
        "waiting": client.proposed is not None,
    }


def whole(control: Control, client: Client, texts: dict[str, str]) -> dict[str, Any]:
    """For its own page."""
    _, old = client.secret_hashes(control.now())
    requests, seconds = client.rate
    return {
        **card(client),
        "auth_method": client.auth_method,
        "redirect_uris": client.redirect_uris,
        "old_until": moment(client.old_secret_until) if old else "",
        "paused": client.paused,
        "itself": ITSELF in as_form(client),
        "rate": texts["per_minute"].format(n=requests * 60 // seconds),
        "quota": f"{client.quota:,}",
        "waiting": _waiting(client),
    }


def moment(seconds: int) -> str:
    """A moment in the city's time."""
    at = datetime.fromtimestamp(seconds, UTC).astimezone(ZoneInfo(ZONE))
    return at.strftime("%Y-%m-%d %H:%M")


def scope_lines(control: Control, client: Client, language: str) -> list[dict[str, Any]]:
    """Each scope that was asked for or is granted, and which of the two."""
    granted = frozenset(client.scopes) if client.state == clients.ACTIVE else frozenset()
    asked = frozenset(client.asked) | frozenset(client.scopes)
    waits = client.state == clients.PENDING or client.proposed is not None
    lines = describe(control.publisher.current.apis, asked | granted, language)
    return [
        {
            "scope": one.scope,
            "title": one.title,
            "action": one.action,
            "is": "granted" if one.scope in granted else "asked" if waits else "not",
            "tone": "good" if one.scope in granted else "warn" if waits else "bad",
        }
        for one in lines
    ]


def _waiting(client: Client) -> list[tuple[str, str]]:
    """What a proposal would change: text key, and what it would be."""
    if client.proposed is None:
        return []
    proposed = ClientMetadata.model_validate(client.proposed)
    now = {
        "client_name": client.name,
        "scope": client.scopes,
        "redirect_uris": client.redirect_uris,
        "purposes": client.purposes,
        "organisation": client.organisation,
        "grant_types": client.grant_types,
    }
    found = []
    for text, member in _SHOWN:
        wanted = getattr(proposed, member)
        wanted = wanted.split() if member == "scope" else wanted
        held = now[member]
        if isinstance(wanted, str):
            if wanted != held:
                found.append((text, wanted))
        elif set(wanted) != set(held):
            found.append((text, ", ".join(wanted)))
    return found

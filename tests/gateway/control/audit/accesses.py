"""Accesses as gateway workers tell them."""

from __future__ import annotations

from typing import Any

import httpx

from gateway.control.audit.verify import Entry
from schemas.consent import ACCESSES_PATH
from tests.gateway.control.city import City

NOW = 1_763_964_000_000  # the city's clock stands at 2026-11-24 06:00 UTC: this is another year
DAY = "2025-11-24"


def access(number: int = 0, subject: str = "hanako", **changes: Any) -> dict[str, Any]:
    return {
        "at": NOW + number,
        "client": "app",
        "subject": subject,
        "route": "medical.listAppointments",
        "method": "GET",
        "dataset": "appointments",
        "purpose": "transport-to-care",
        "fields": ["time"],
        "consent": "c1",
        "grant": "g1",
        "request": f"r{number}",
        "status": 200,
        **changes,
    }


async def send(
    city: City, *accesses: dict[str, Any], first: int = 0, journal: str = "j"
) -> httpx.Response:
    body = {"journal": journal, "first": first, "accesses": list(accesses)}
    return await city.http.post(ACCESSES_PATH, json=body)


async def logged(city: City, **query: Any) -> list[dict[str, Any]]:
    """The newest first."""
    found: list[dict[str, Any]] = (await city.http.get("/audit/v1/events", params=query)).json()
    return found


async def entries(city: City) -> list[Entry]:
    found = (await city.http.get("/audit/v1/entries")).json()
    return [
        Entry(
            one["number"], one["entry"], bytes.fromhex(one["leaf"]), one["subject"], one["opened"]
        )
        for one in found
    ]

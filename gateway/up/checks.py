"""When a city is up: not when its processes run, but when a caller gets what was promised."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from gateway.up.cast import OPERATOR, SAMPLE_APP
from gateway.up.papers import Papers
from gateway.up.plan import Plan

_PAUSE: Final = 0.2

_OPEN_API: Final = {
    "mobility": "/mobility/v1/stops?limit=1",
    "disaster": "/disaster/v1/shelters?limit=1",
    "medical": "/medical/v1/hospitals?limit=1",
    "administration": "/administration/v1/facilities?limit=1",
    "logistics": "/logistics/v1/shipments?limit=1",
    "education": "/education/v1/schools?limit=1",
    "broker": "/events/v1/types",
    "evacuation": "/evacuation/v1/guidance?limit=1",
}
"""API → something that every application can read there."""

_WITHOUT_FEEDS: Final = ("broker", "evacuation")
"""Those that answer whatever is fed to the city; the processes say themselves that they serve."""

_FIRST: Final = "operator"
"""User name of the sample city's first operator."""

_PUBLISHED: Final = ("GtfsStop", "Vehicle", "Shelter", "Hospital", "School")
"""Entity types that the broker has once the sample city has been published."""

Check = Callable[[], Awaitable[str]]
"""Returns what is still missing, empty when nothing is."""


async def until_good(check: Check) -> None:
    """Ask again and again until nothing is missing; the caller bounds the time."""
    while await check():  # noqa: ASYNC110 - another process is asked; there is no event of it here
        await asyncio.sleep(_PAUSE)


@dataclass
class City:
    """The city as an application sees it, through the gateway.

    Attributes:
        http: based at the gateway's address.
    """

    http: httpx.AsyncClient
    plan: Plan
    papers: Papers
    missing: str = ""
    """What the last check of any kind found missing, for the screen."""
    _tokens: dict[str, str] | None = None

    async def is_ready(self, url: str) -> str:
        """Whether a process says that it can serve, and that nothing it needs is away."""
        try:
            answer = await self.http.get(url, timeout=2)
        except httpx.HTTPError:
            return "no answer"
        is_whole = answer.status_code == httpx.codes.OK and '"notes"' not in answer.text
        return "" if is_whole else _reason(answer)

    async def serves_the_open_api(self) -> str:
        """Every attached API answers an application's token through the gateway."""
        states = await self._get(OPERATOR, "/control/v1/apis")
        if isinstance(states, str):
            return self._note(states)
        waiting = [api["name"] for api in states if not api["routes"]]
        if waiting:
            return self._note(f"no routes yet: {', '.join(waiting)}")
        # a domain without a feed says that it has no data, and that is right
        asked = _OPEN_API if self.plan.is_sample else {n: _OPEN_API[n] for n in _WITHOUT_FEEDS}
        return self._note(await self._first_missing(asked))

    async def _first_missing(self, paths: Mapping[str, str]) -> str:
        for name, path in paths.items():
            found = await self._get(SAMPLE_APP, path)
            if isinstance(found, str):
                return f"{name}: {found}"
        return ""

    async def has_the_sample_city(self) -> str:
        """The sample city's entities have gone all the way to the broker."""
        for entity_type in _PUBLISHED:
            found = await self._get(SAMPLE_APP, f"/ngsi-ld/v1/entities?type={entity_type}&limit=1")
            if isinstance(found, str) or not found:
                return self._note(f"{entity_type}: {found or 'not published yet'}")
        return self._note("")

    async def busy_stop(self) -> str:
        """A stop that something departs from soon, for the example; empty if there is none."""
        page = await self._get(SAMPLE_APP, "/mobility/v1/stops?limit=20")
        for stop in [] if isinstance(page, str) else page["items"]:
            path = f"/mobility/v1/stops/{stop['stopId']}/departures?limit=1"
            found = await self._get(SAMPLE_APP, path)
            if not isinstance(found, str) and found["items"]:
                return str(stop["stopId"])
        return ""

    async def first_operator(self) -> str:
        """The invitation of the console's first operator, until somebody has taken it up.

        One of before is void then. Empty if there is an operator, or if none can be invited now:
        the city is up all the same.
        """
        staff = await self._get(OPERATOR, "/control/v1/staff")
        if isinstance(staff, str) or any(one["enrolled"] for one in staff):
            return ""
        held = next((one["staffId"] for one in staff if one["username"] == _FIRST), "")
        path = f"/control/v1/staff/{held}/invitation" if held else "/control/v1/staff"
        body = {"username": _FIRST, "name": "Operator", "roles": ["operator"]}
        try:
            headers = {"authorization": f"Bearer {await self._token(OPERATOR)}"}
            answer = await self.http.post(path, json=None if held else body, headers=headers)
            return str(answer.json()["invitation"]) if answer.is_success else ""
        except httpx.HTTPError:
            return ""

    async def _get(self, client_id: str, path: str) -> Any:
        """The JSON at a path; a sentence when there is none."""
        try:
            token = await self._token(client_id)
            headers = {"authorization": f"Bearer {token}"}
            answer = await self.http.get(path, headers=headers, timeout=5)
            if answer.status_code != httpx.codes.OK:
                return _reason(answer)
            return answer.json()
        except httpx.HTTPStatusError as error:
            return f"no token: {_reason(error.response)}"
        except (httpx.HTTPError, ValueError) as error:
            return f"no answer ({type(error).__name__})"

    async def _token(self, client_id: str) -> str:
        held = self._tokens = self._tokens or {}
        if client_id not in held:
            answer = await self.http.post(
                "/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=(client_id, self.papers.client_secrets[client_id]),
            )
            answer.raise_for_status()
            held[client_id] = answer.json()["access_token"]
        return held[client_id]

    def _note(self, missing: str) -> str:
        self.missing = missing
        return missing


def _reason(answer: httpx.Response) -> str:
    try:
        body = answer.json()
        said = (
            body.get("missing") or body.get("notes") or body.get("title") or body.get("error") or ""
        )
    except (ValueError, AttributeError):
        said = ""
    return f"{answer.status_code} {said}".strip()

"""Asking the domains, through the gateway, like anybody."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import httpx

from schemas.evacuation import Missing, ShelterChoice
from schemas.kit.client import CityClient
from services.evacuation import rules
from services.evacuation.alert import Alert
from services.evacuation.geometry import LonLat, Patch

logger = logging.getLogger(__name__)

_ASKED_SHELTERS: Final = 5
"""Stops and hospitals are looked for around this many of the first shelters."""

_ASKED: Final = 50
"""Places asked for at once: enough for ten good ones, though the nearest may be full or closed."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Found:
    """What the domains answered; ``missing`` names those that did not."""

    shelters: tuple[rules.Shelter, ...] = ()
    stops: tuple[rules.Stop, ...] = ()
    hospitals: tuple[rules.Hospital, ...] = ()
    missing: frozenset[Missing] = frozenset()


class Domains:
    """The three domains that guidance is made of.

    Args:
        client: with the scopes ``mobility:read`` and ``medical:read``; shelters are open.
        patience: seconds that a domain may take, all its requests together.
    """

    def __init__(self, client: CityClient, patience: float = 0.8) -> None:
        self._client, self._patience = client, patience

    async def look_up(self, alert: Alert, patches: Sequence[Patch]) -> Found:
        """Shelters for the alerted patches first, then stops and hospitals around them."""
        missing: set[Missing] = set()
        shelters = await self._ask(
            "disaster", missing, lambda patch: self._shelters(patch.centre, alert.hazard), patches
        )
        near = rules.choose_shelters(shelters, patches, alert.hazard)
        points = _points(near, patches)
        stops, hospitals = await asyncio.gather(
            self._ask("mobility", missing, self._stops, points),
            self._ask("medical", missing, self._hospitals, points),
        )
        return Found(tuple(shelters), tuple(stops), tuple(hospitals), frozenset(missing))

    async def _ask(
        self,
        domain: Missing,
        missing: set[Missing],
        question: Callable[[Any], Awaitable[list[_T]]],
        places: Iterable[Any],
    ) -> list[_T]:
        """Ask a domain once per place, all at once; note it as missing when it does not answer.

        An answer of another shape than the domain's own is no answer either.
        """
        try:
            async with asyncio.timeout(self._patience):
                answers = await asyncio.gather(*map(question, places))
        except (httpx.HTTPError, TimeoutError, KeyError, TypeError, ValueError) as error:
            logger.warning("guidance without %s: %r", domain, error)
            missing.add(domain)
            return []
        return [item for answer in answers for item in answer]

    async def _shelters(self, near: LonLat, hazard: str) -> list[rules.Shelter]:
        longitude, latitude = near
        only = {"hazard": hazard} if hazard else {}
        body = await self._client.get(
            "/disaster/v1/shelters/nearest", lat=latitude, lon=longitude, limit=_ASKED, **only
        )
        return [_shelter(item) for item in _located(body)]

    async def _stops(self, near: LonLat) -> list[rules.Stop]:
        body = await self._client.get(
            "/mobility/v1/stops", near=_near(near), radius=int(rules.STOP_REACH), limit=_ASKED
        )
        return [rules.Stop(item["id"], item["name"], _at(item)) for item in _located(body)]

    async def _hospitals(self, near: LonLat) -> list[rules.Hospital]:
        body = await self._client.get(
            "/medical/v1/hospitals",
            near=_near(near),
            radius=int(rules.HOSPITAL_REACH),
            limit=_ASKED,
        )
        return [_hospital(item) for item in _located(body)]


def _points(shelters: Sequence[ShelterChoice], patches: Sequence[Patch]) -> list[LonLat]:
    near = [shelter.location.coordinates for shelter in shelters[:_ASKED_SHELTERS]]
    return near or [patch.centre for patch in patches]


def _near(point: LonLat) -> str:
    return f"{point[1]:.6f},{point[0]:.6f}"


def _located(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The items that say where they are; nobody can be sent to the others."""
    return [item for item in body["items"] if item.get("location")]


def _at(item: dict[str, Any]) -> LonLat:
    longitude, latitude = item["location"]["coordinates"]
    return float(longitude), float(latitude)


def _shelter(item: dict[str, Any]) -> rules.Shelter:
    return rules.Shelter(
        id=item["id"],
        name=item["name"],
        at=_at(item),
        capacity=item.get("capacity"),
        occupants=item.get("occupants"),
        vacancies=item.get("vacancies"),
        open=item.get("open"),
        hazards=frozenset(item.get("hazards", ())),
    )


def _hospital(item: dict[str, Any]) -> rules.Hospital:
    return rules.Hospital(
        id=item["id"],
        name=item["name"],
        at=_at(item),
        emergency=item.get("emergencyAccepting"),
        beds_available=item.get("bedsAvailable"),
    )

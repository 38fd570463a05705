"""One withdrawal after the other, while events about the resident keep coming."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import httpx

from loadtests.withdrawal.place import FETCHED, Place, Resident
from loadtests.withdrawal.ways import FOLLOWED, TYPE, Way, webhook
from schemas.cloudevents import BATCH_MEDIA_TYPE

_SAY_EVERY: Final = 0.02
_AFTER_SECONDS: Final = 1.5
"""For which a round goes on listening: what leaves too late must be seen."""

_DEADLINE: Final = 30.0
_FILING: Final = {"procedure": "bulky-waste", "fields": {"items": ["机"], "preferredDate": ""}}


async def subject_of(place: Place, resident: Resident) -> str:
    """How events name the resident: seen on one, by who may see all."""
    seer = await place.register(scope="events:read events:personal")
    headers = await place.as_(*seer)
    url = f"{place.url}/events/v1/groups/seer/fetch"
    asked = {"types": ["city.administration.filing.received"], "start": "now", "waitSeconds": 0}
    await place.http.post(url, json=asked, headers=headers)
    day = f"{datetime.now(UTC).year + 1}-01-15"
    filing = {**_FILING, "fields": {"items": ["机"], "preferredDate": day}}
    filed = await place.http.post(
        place.url + FETCHED, json=filing, headers=await resident.consent()
    )
    filed.raise_for_status()
    while True:
        answer = await place.http.post(url, json={**asked, "waitSeconds": 10}, headers=headers)
        answer.raise_for_status()
        if answer.json()["events"]:
            return str(answer.json()["events"][0]["subject"])


@asynccontextmanager
async def saying(place: Place, subject: str) -> AsyncIterator[None]:
    """Events about the resident, fifty a second, as the data holder would publish them."""

    async def say() -> None:
        headers = {**await place.as_("city-connectors"), "content-type": BATCH_MEDIA_TYPE}
        while True:
            event = _event(subject)
            url = f"{place.url}/events/v1/events"
            (await place.http.post(url, json=[event], headers=headers)).raise_for_status()
            await asyncio.sleep(_SAY_EVERY)

    task = asyncio.create_task(say())
    try:
        yield
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _event(subject: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "/loadtests/withdrawal",
        "type": TYPE,
        "subject": subject,
        "time": now,
        "data": {
            "filing": f"urn:ngsi-ld:Filing:{uuid4()}",
            "procedure": "bulky-waste",
            "state": "accepted",
            "at": now,
        },
    }


async def one(place: Place, resident: Resident) -> dict[str, float]:
    """A consent, four ways open under it, and its withdrawal.

    Returns:
        By way: seconds from asking for the withdrawal to the last that came; negative when the
        last came before.
    """
    headers = await resident.consent()
    ways = {name: Way(name) for name in (*FOLLOWED, "webhook")}
    async with (
        httpx.AsyncClient(timeout=httpx.Timeout(30)) as http,
        webhook(place, http, headers, ways["webhook"]),
    ):
        following = [
            asyncio.create_task(follow(place, http, headers, ways[name]))
            for name, follow in FOLLOWED.items()
        ]
        try:
            await _until(lambda: all(way.count for way in ways.values()), ways)
            asked = time.monotonic()
            await resident.withdraw()
            await asyncio.sleep(_AFTER_SECONDS)
            late = {name: way.last - asked for name, way in ways.items()}
            await _until(lambda: all(task.done() for task in following), ways)
            return late
        finally:
            for task in following:
                task.cancel()
            await asyncio.gather(*following, return_exceptions=True)


async def _until(condition: Callable[[], bool], ways: dict[str, Way]) -> None:
    try:
        async with asyncio.timeout(_DEADLINE):
            while not condition():
                await asyncio.sleep(0.01)
    except TimeoutError as error:
        counts = {name: way.count for name, way in ways.items()}
        raise TimeoutError(f"not all came, or not all ended: {counts}") from error

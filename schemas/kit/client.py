"""The open API as seen by a party: a token of one's own, and calls that carry it.

Connectors and services speak to the rest of the city as anybody would, through the gateway.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Any

import httpx
import orjson

from schemas.cloudevents import BATCH_MEDIA_TYPE, CloudEvent
from schemas.kit.outbox import Message, Sink
from schemas.ngsild import Entity

_EVENTS = "/events/v1/events"
_ENTITIES = "/ngsi-ld/v1/entityOperations/upsert?options=update"
_GONE = "/ngsi-ld/v1/entityOperations/delete"
_REFRESH_BEFORE = 30.0  # seconds before expiry at which a new token is fetched
_BATCH = 200
_BATCH_BYTES = 900_000  # of a request; the broker takes bodies of up to 1 MiB


class CityClient:
    """A client of the open API under the client credentials grant (RFC 6749 §4.4).

    Args:
        gateway_url: the platform's public address.
        client_id: as registered at the platform.
        client_secret: as given out at registration.
        http: a client to use instead of one's own (tests); not closed by :meth:`close`.
        timeout: seconds to wait for any one answer.
    """

    def __init__(
        self,
        gateway_url: str,
        client_id: str,
        client_secret: str,
        *,
        http: httpx.AsyncClient | None = None,
        timeout: float = 10.0,
    ) -> None:
        self._own = http is None
        self._http = http or httpx.AsyncClient(base_url=gateway_url, timeout=timeout)
        self._auth = httpx.BasicAuth(client_id, client_secret)
        self._token = ""
        self._expires = 0.0
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        if self._own:
            await self._http.aclose()

    async def token(self) -> str:
        """A good access token; fetched once for many callers, renewed before it expires."""
        async with self._lock:
            if time.monotonic() >= self._expires:
                await self._fetch_token()
        return self._token

    async def _fetch_token(self) -> None:
        answer = await self._http.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, auth=self._auth
        )
        answer.raise_for_status()
        body = answer.json()
        self._token = body["access_token"]
        self._expires = time.monotonic() + max(0.0, float(body["expires_in"]) - _REFRESH_BEFORE)

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call the open API; a token refused once (rotated, revoked) is replaced once.

        Raises:
            httpx.HTTPStatusError: the answer is 4xx or 5xx.
            httpx.TransportError: no answer.
        """
        answer = await self._send(method, path, options)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self._expires = 0.0
            answer = await self._send(method, path, options)
        answer.raise_for_status()
        return answer

    async def _send(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        given = options.get("headers") or {}
        headers = {**given, "authorization": f"Bearer {await self.token()}"}
        return await self._http.request(method, path, **{**options, "headers": headers})

    async def get(self, path: str, **params: Any) -> Any:
        """The JSON of a GET; ``params`` are query parameters."""
        return (await self.request("GET", path, params=params)).json()

    async def publish(self, events: Iterable[CloudEvent]) -> None:
        """Publish events as one CloudEvents batch: all accepted, or an exception."""
        await self._post(_EVENTS, [event.as_json() for event in events], BATCH_MEDIA_TYPE)

    async def upsert(self, entities: Iterable[Entity]) -> None:
        """Tell the broker the current state of entities (NGSI-LD batch upsert, §5.6.8)."""
        await self._post(_ENTITIES, [entity.as_ngsild() for entity in entities])

    async def _post(self, path: str, items: list[Any], media: str = "application/json") -> None:
        for start in range(0, len(items), _BATCH):
            await self.request(
                "POST",
                path,
                content=orjson.dumps(items[start : start + _BATCH]),
                headers={"content-type": media},
            )


def event_message(event: CloudEvent) -> Message:
    """An event as something to be said through an outbox."""
    return Message("event", event.subject, orjson.dumps(event.as_json()))


def entity_message(entity: Entity) -> Message:
    """An entity's current state as something to be said through an outbox."""
    return Message("entity", entity.id, orjson.dumps(entity.as_ngsild()))


def gone_message(entity_id: str) -> Message:
    """That an entity is no more."""
    return Message("gone", entity_id, orjson.dumps(entity_id))


_CHANNELS = {
    "event": (_EVENTS, BATCH_MEDIA_TYPE),
    "entity": (_ENTITIES, "application/json"),
    "gone": (_GONE, "application/json"),
}


def broker_sink(client: CityClient) -> Sink:
    """An outbox's sink that says events and entities to the broker, runs of a kind together."""

    async def sink(messages: list[Message]) -> None:
        for channel, run in groupby(messages, key=attrgetter("channel")):
            path, media = _CHANNELS[channel]
            bodies = [message.body for message in run]
            for batch in _batches(bodies):
                await _say(client, path, media, batch)

    return sink


def _batches(bodies: list[bytes]) -> Iterator[list[bytes]]:
    """The bodies in order, in parts that one request can carry."""
    batch: list[bytes] = []
    size = 0
    for body in bodies:
        if batch and (len(batch) == _BATCH or size + len(body) > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += len(body) + 1
    if batch:
        yield batch


async def _say(client: CityClient, path: str, media: str, bodies: list[bytes]) -> None:
    try:
        await client.request(
            "POST",
            path,
            content=b"[" + b",".join(bodies) + b"]",
            headers={"content-type": media},
        )
    except httpx.HTTPStatusError as error:
        # already gone is as good as gone; every other refusal is tried again, and seen
        if not (path == _GONE and error.response.status_code == httpx.codes.NOT_FOUND):
            raise

"""The open API as seen by a party: a token of one's own, and calls that carry it.

Connectors and services speak to the rest of the city as anybody would, through the gateway.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any, Final

import httpx
import orjson

from schemas.cloudevents import BATCH_MEDIA_TYPE, CloudEvent
from schemas.kit.trust import trusted
from schemas.ngsild import Entity

EVENTS_PATH: Final = "/events/v1/events"
UPSERT_PATH: Final = "/ngsi-ld/v1/entityOperations/upsert?options=update"
DELETE_PATH: Final = "/ngsi-ld/v1/entityOperations/delete"
_REFRESH_BEFORE = 30.0  # seconds before expiry at which a new token is fetched
_BATCH = 200


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
        self._http = http or httpx.AsyncClient(
            base_url=gateway_url, timeout=timeout, verify=trusted()
        )
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
        await self._post(EVENTS_PATH, [event.as_json() for event in events], BATCH_MEDIA_TYPE)

    async def upsert(self, entities: Iterable[Entity]) -> None:
        """Tell the broker the current state of entities (NGSI-LD batch upsert, §5.6.8)."""
        await self._post(UPSERT_PATH, [entity.as_ngsild() for entity in entities])

    async def _post(self, path: str, items: list[Any], media: str = "application/json") -> None:
        for start in range(0, len(items), _BATCH):
            await self.request(
                "POST",
                path,
                content=orjson.dumps(items[start : start + _BATCH]),
                headers={"content-type": media},
            )

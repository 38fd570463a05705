"""ID links reach the data holder, however long it takes, and name nobody."""

from __future__ import annotations

import json
import logging
from typing import Any

import httpx
import pytest

from gateway.control import links
from gateway.control.links import LINKED_DOMAINS, Linker
from gateway.control.parts import OWN_CLIENT
from schemas.kit.client import CityClient
from schemas.pseudonym import Pseudonyms
from tests.gateway.control.city import MASTER, City


class Holder:
    """The open API as the control plane sees it: the real token endpoint, and a data holder."""

    def __init__(self, city: City) -> None:
        self._city = city
        self.status = 503
        self.taken: list[dict[str, Any]] = []
        self.tokens: list[str] = []

    async def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return await self._city.http.post(
                "/oauth/token",
                content=request.content,
                headers=dict(request.headers)
                | {"x-city-gateway-key": self._city.http.headers["x-city-gateway-key"]},
            )
        assert request.url.path == "/medical/v1/links"
        self.tokens.append(request.headers["authorization"].removeprefix("Bearer "))
        if self.status < 400:
            self.taken.append(json.loads(request.content))
        return httpx.Response(self.status)


@pytest.fixture
def holder(city: City) -> Holder:
    return Holder(city)


@pytest.fixture
def linker(city: City, holder: Holder) -> Linker:
    http = httpx.AsyncClient(transport=httpx.MockTransport(holder.answer), base_url="http://g")
    secret = city.control.secrets.own_client_secret()
    client = CityClient("http://g", OWN_CLIENT, secret, http=http)
    return Linker(city.control.store, client, city.control.pseudonyms, city.clock)


async def want(city: City, local_id: str = "patient-7") -> None:
    async with city.control.store.write() as connection:
        await links.want(connection, "resident-uuid", "medical", local_id)


async def test_a_link_is_told_until_it_is_taken_and_then_no_more(
    city: City, holder: Holder, linker: Linker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await want(city)
    assert await linker.tell() == 1
    holder.status = 204
    assert await linker.tell() == 0
    await want(city)
    assert await linker.tell() == 0
    subject = Pseudonyms(MASTER).of("resident-uuid", "medical")
    assert holder.taken == [{"subject": subject, "localId": "patient-7"}]
    assert not {"patient-7", subject, "resident-uuid"} & set(caplog.text.split())
    claims = await city.claims(holder.tokens[0])
    links = {f"{domain}:link" for domain in LINKED_DOMAINS}
    assert set(claims["scope"].split()) == {*links, "entities:read", "events:read", "mobility:read"}


async def test_a_corrected_link_is_told_again(city: City, holder: Holder, linker: Linker) -> None:
    holder.status = 204
    await want(city)
    await linker.tell()
    await want(city, "patient-8")
    assert await linker.tell() == 0
    assert [one["localId"] for one in holder.taken] == ["patient-7", "patient-8"]

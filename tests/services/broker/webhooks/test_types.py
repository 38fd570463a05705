"""Webhooks and the event types that clients register."""

from __future__ import annotations

import httpx

from tests.services.broker.registry.test_registration import (
    DOCKED,
    SCHEMA,
    docked,
    owner,
    register,
)
from tests.services.broker.running import publish
from tests.services.broker.webhooks.subscriber import HOOKS, Subscriber


async def test_a_clients_own_type_reaches_webhooks_and_its_breaking_change_names_them(
    url: str, api: httpx.AsyncClient, subscriber: Subscriber
) -> None:
    async with owner(url) as bikes:
        await register(bikes, compatibility="full")
        path = await subscriber.subscribe(api, types=[DOCKED])
        assert (await publish(bikes, docked())).status_code == 202
        await subscriber.until_types({DOCKED})
        breaking = {**SCHEMA, "properties": {"bikes": {"type": "string"}}}
        refused = await register(bikes, breaking)
        assert refused.status_code == 409
        assert {"client": "tests", "kind": "webhook", "name": path[-27:]} in refused.json()[
            "breaks"
        ]
        assert (await api.get(HOOKS)).json()["webhooks"][0]["sent"] == 1

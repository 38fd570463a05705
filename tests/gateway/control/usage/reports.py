"""Reports as gateway workers send them."""

from __future__ import annotations

from typing import Any

import httpx

from tests.gateway.control.city import City

WORKER = "0123456789abcdef"


def use(route: str = "mobility.listStops", client: str = "machine", **changes: Any) -> Any:
    return {
        "client": client, "route": route, "statuses": [0, 0, 1, 0, 0, 0],
        "latency": [0, 0, 0, 1], **changes,
    }  # fmt: skip


async def report(
    city: City, sequence: int, *uses: Any, worker: str = WORKER, **changes: Any
) -> httpx.Response:
    """Report ``sequence`` of a worker, of this minute."""
    minute = city.control.now() // 60 * 60
    body = {"worker": worker, "sequence": sequence, "minute": minute, "uses": uses, **changes}
    return await city.http.post("/internal/usage", json=body)


def seen(client: str = "machine") -> str:
    return f"/control/v1/clients/{client}/usage"


OPERATOR = {"x-city-client": "console", "x-city-scope": "operator:clients"}

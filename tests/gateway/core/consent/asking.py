"""A city with one personal data set, asked with consents to it."""

from __future__ import annotations

from typing import Any

from schemas.policy import Snapshot
from tests.gateway.core.city import (
    Gateway,
    Reply,
    consent,
    route,
    snapshot,
    token,
)

DATASETS: Any = {
    "visits": {
        "legal_class": "personal", "domain": "medical",
        "fields": {"time": ["total", "items.start"], "place": ["total", "items.place.name"]},
    },
    "whole": {"legal_class": "personal", "domain": "medical", "fields": {}},
}  # fmt: skip
PATH = "/me/visits"
ROUTES = [
    route(PATH, access="personal", dataset="visits"),
    route(PATH, "POST", access="personal", dataset="visits"),
    route("/me/visits/live", access="personal", dataset="visits", stream=True),
    route("/me/whole", access="personal", dataset="whole"),
    route("/me/nothing", access="personal"),
    route("/feed", stream=True),
    route("/socket", upgrade="websocket"),
    route("/stops"),
]
WHOLE = (
    b'{"total":1,"items":[{"start":"09:00","place":{"name":"Mirai Hospital","ward":"dialysis"},'
    b'"doctor":"Sato"}]}'
)
TIME = {"total": 1, "items": [{"start": "09:00"}]}


def city(port: int, **changes: Any) -> Snapshot:
    return snapshot(port, routes=ROUTES, datasets=DATASETS, **changes)


def visits(**changes: Any) -> dict[str, Any]:
    """A consent to visits; to some fields with ``fields``."""
    return consent(**{"dataset": "visits", **changes})


def bearer(*consents: dict[str, Any], **changes: Any) -> str:
    return token(resident="taro", authorization_details=list(consents), **changes)


async def ask(
    running: Gateway, *consents: dict[str, Any], path: str = PATH, purpose: str = "",
    method: str = "GET", fields: tuple[str, ...] = (),
) -> Reply:  # fmt: skip
    """A request with a token that carries ``consents``."""
    said = (f"City-Purpose: {purpose}",) if purpose else ()
    return await running.get(path, bearer(*consents), *said, *fields, method=method)


def answer(
    body: bytes = WHOLE,
    *fields: bytes,
    kind: bytes = b"application/json",
    status: bytes = b"200 OK",
) -> bytes:
    """An API's answer, with a length."""
    lines = (
        b"HTTP/1.1 " + status, b"content-type: " + kind, b"content-length: %d" % len(body), *fields
    )  # fmt: skip
    return b"\r\n".join((*lines, b"", body))

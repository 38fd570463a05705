"""CloudEvents out of an HTTP request: the HTTP protocol binding's three content modes (§3)."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote

from fastapi import Request

from schemas.cloudevents import BATCH_MEDIA_TYPE, MEDIA_TYPE, CloudEvent
from schemas.problem import BadRequest, Fault, Unprocessable
from services.broker.body import media_type, parse_json, read_body, unsupported
from services.broker.events.check import MOST_FAULTS, check_event
from services.broker.registry.catalogue import Catalogue

MOST_EVENTS: Final = 500


async def read_events(request: Request, types: Catalogue) -> list[CloudEvent]:
    """The events in a request, every one checked.

    Raises:
        BadRequest: no JSON, or no event where one should be.
        TooLarge: more than 1 MiB.
        Unprocessable: an event is wrong, each fault by JSON Pointer; or more than 500.
        Problem: 415, a content type that carries no events.
    """
    items = await _read(request)
    named = (item.get("type") for item, _ in items if isinstance(item, dict))
    await types.look_for({name for name in named if isinstance(name, str)})
    return _checked(items, types)


async def _read(request: Request) -> list[tuple[Any, str]]:
    """What should be events, each with its JSON Pointer."""
    media = media_type(request)
    body = await read_body(request)
    if media == BATCH_MEDIA_TYPE:
        return _batch(parse_json(body))
    if media == MEDIA_TYPE:
        return [(parse_json(body), "")]
    if "ce-specversion" in request.headers:
        return [(_binary(request, parse_json(body)), "")]
    raise unsupported(media, MEDIA_TYPE, BATCH_MEDIA_TYPE)


def _batch(items: Any) -> list[tuple[Any, str]]:
    if not isinstance(items, list):
        raise BadRequest("A batch is a JSON array of events.")
    if len(items) > MOST_EVENTS:
        raise Unprocessable(f"A batch holds at most {MOST_EVENTS} events; this has {len(items)}.")
    return [(item, f"/{index}") for index, item in enumerate(items)]


def _binary(request: Request, data: Any) -> dict[str, Any]:
    """Attributes from ``ce-`` fields, data from the body; values percent-decoded (§3.1.3.2)."""
    attributes: dict[str, Any] = {
        name[3:]: unquote(value)
        for name, value in request.headers.items()
        if name.startswith("ce-")
    }
    return {**attributes, "datacontenttype": request.headers.get("content-type", ""), "data": data}


def _checked(items: list[tuple[Any, str]], types: Catalogue) -> list[CloudEvent]:
    events: list[CloudEvent] = []
    faults: list[Fault] = []
    for item, where in items:
        found = check_event(item, where, types)
        if isinstance(found, CloudEvent):
            events.append(found)
        else:
            faults += found
    if faults:
        raise Unprocessable(
            "Nothing of this request was stored. Correct what `errors` names and send it again.",
            faults=faults[:MOST_FAULTS],
        )
    return events

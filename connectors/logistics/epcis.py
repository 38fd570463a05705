"""GS1 EPCIS 2.0 in JSON: documents in, events out, and query documents back.

Accepted are an ``EPCISDocument``, an ``EPCISQueryDocument`` (its results) and a bare event. A
document is taken whole or not at all. ``@context`` is never fetched: what it adds to GS1's own
context is kept with the events, so that their extensions still mean something when they come out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from connectors.logistics import checks, masterdata
from connectors.logistics.events import Event, date_time, hash_id
from connectors.logistics.masterdata import Place
from schemas.ngsild import timestamp
from schemas.problem import Fault, Unprocessable

CONTEXT: Final = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
MEDIA_TYPES: Final = ("application/ld+json", "application/json")
LIMIT: Final = 16 * 1024 * 1024
MOST_EVENTS: Final = 5_000
_MOST_FAULTS: Final = 50


@dataclass(frozen=True)
class Document:
    """What was sent: events in its order, and the places that its master data describes."""

    events: tuple[Event, ...]
    places: tuple[Place, ...] = ()


def parse(raw: bytes) -> Document:
    """Read a document.

    Raises:
        Unprocessable: it is not JSON, not EPCIS 2.0, or has faulty events; ``errors`` holds a JSON
            Pointer for each fault.
    """
    document = _json(raw)
    at, found = _event_list(document)
    if len(found) > MOST_EVENTS:
        raise _refused([Fault(at, f"has {len(found)} events", f"send at most {MOST_EVENTS}")])
    faults = [*_document_faults(document)]
    for index, event in enumerate(found):
        where = f"{at}/{index}" if at is not None else ""
        faults += checks.faults(event, where)
        if len(faults) >= _MOST_FAULTS:
            break
    places = masterdata.places(document, faults)
    if faults:
        raise _refused(faults)
    context = _extra_context(document.get("@context"))
    return Document(tuple(_event(event, context) for event in found), places)


def _json(raw: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(raw.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise _refused([Fault(where, f"not JSON: {error.msg}"[:200])]) from None
    if not isinstance(document, dict):
        raise _refused([Fault("", "must be an EPCISDocument, EPCISQueryDocument or event")])
    return document


def _refused(faults: Sequence[Fault]) -> Unprocessable:
    return Unprocessable(
        "The EPCIS document is not acceptable, and nothing of it was captured.",
        faults=faults[:_MOST_FAULTS],
    )


_LIST_OF: Final = {
    "EPCISDocument": "/epcisBody/eventList",
    "EPCISQueryDocument": "/epcisBody/queryResults/resultsBody/eventList",
}


def _event_list(document: dict[str, Any]) -> tuple[Any, list[Any]]:
    """The events and the pointer to their list; a bare event has none."""
    type_ = document.get("type")
    if isinstance(type_, str) and type_ in checks.FIELDS:
        return None, [document]
    at = _LIST_OF.get(type_) if isinstance(type_, str) else None
    if at is None:
        what = "must be EPCISDocument, EPCISQueryDocument or the type of an event"
        raise _refused([Fault("/type", what)])
    found: Any = document
    for name in at.split("/")[1:]:
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, list):
        raise _refused([Fault(at, "must be an array of events")])
    return at, found


def _document_faults(document: dict[str, Any]) -> Iterable[Fault]:
    if document["type"] in checks.FIELDS:
        return
    version = document.get("schemaVersion")
    if not isinstance(version, str) or not version.startswith("2."):
        yield Fault("/schemaVersion", "must be 2.0", "convert EPCIS 1.2 to 2.0 before sending")
    try:
        date_time(document.get("creationDate"))
    except ValueError as error:
        yield Fault("/creationDate", str(error))


def _event(body: dict[str, Any], context: tuple[Any, ...]) -> Event:
    own = _extra_context(body.get("@context"))
    body = {name: value for name, value in body.items() if name != "@context"}
    if "eventID" not in body:
        body = {"eventID": hash_id(body), **body}
    return Event(body, own or context)


def _extra_context(context: Any) -> tuple[Any, ...]:
    """What a ``@context`` says beyond GS1's: prefixes, and further contexts by URL."""
    entries = context if isinstance(context, list) else [context]
    return tuple(
        entry for entry in entries[:20] if isinstance(entry, dict | str) and entry != CONTEXT
    )


def query_document(events: Sequence[Event], created: datetime) -> dict[str, Any]:
    """An ``EPCISQueryDocument`` with these results (EPCIS 2.0 §8.2.7)."""
    shared: list[Any] = [CONTEXT]
    for event in events:
        shared += [entry for entry in event.context if _fits(entry, shared)]
    return {
        "@context": shared,
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": timestamp(created),
        "epcisBody": {
            "queryResults": {
                "queryName": "SimpleEventQuery",
                "resultsBody": {"eventList": [_result(event, shared) for event in events]},
            }
        },
    }


def _fits(entry: Any, shared: list[Any]) -> bool:
    """Whether an entry can stand in the shared context: new, and redefining nothing there."""
    if entry in shared:
        return False
    if not isinstance(entry, dict):
        return True
    return all(
        other.get(name, value) == value
        for other in shared
        if isinstance(other, dict)
        for name, value in entry.items()
    )


def _result(event: Event, shared: list[Any]) -> dict[str, Any]:
    """The event; with a context of its own only where the shared one would change its meaning."""
    if all(entry in shared for entry in event.context):
        return event.body
    return {"@context": [CONTEXT, *event.context], **event.body}

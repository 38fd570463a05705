"""What makes an EPCIS 2.0 event complete (EPCIS 2.0 §7.4): every fault with its JSON Pointer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from connectors.logistics.events import date_time
from connectors.logistics.vocabulary import BARE, URI
from schemas.problem import Fault

MOST_THINGS: Final = 10_000
MOST_DEPTH: Final = 32

_COMMON = (
    "@context type eventID eventTime eventTimeZoneOffset recordTime errorDeclaration "
    "certificationInfo bizStep disposition persistentDisposition readPoint bizLocation "
    "bizTransactionList sourceList destinationList sensorElementList"
)
_OF_TYPE: Final = {
    "ObjectEvent": "action epcList quantityList ilmd",
    "AggregationEvent": "action parentID childEPCs childQuantityList",
    "TransactionEvent": "action parentID epcList quantityList",
    "TransformationEvent": "transformationID inputEPCList inputQuantityList outputEPCList "
    "outputQuantityList ilmd",
    "AssociationEvent": "action parentID childEPCs childQuantityList",
}
FIELDS: Final = {
    type_: frozenset(f"{_COMMON} {names}".split()) for type_, names in _OF_TYPE.items()
}

_OFFSET = re.compile(r"[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)", re.ASCII)
_UOM = re.compile(r"[A-Z0-9]{2,3}", re.ASCII)
_EPC_LISTS = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_QUANTITY_LISTS = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")


def faults(event: Any, at: str) -> Iterator[Fault]:
    """All that is wrong with one event at the JSON Pointer ``at``."""
    if not isinstance(event, dict):
        yield Fault(at, "must be an object")
        return
    type_ = event.get("type")
    if not isinstance(type_, str) or type_ not in FIELDS:
        yield Fault(f"{at}/type", f"must be one of {', '.join(FIELDS)}")
        return
    if _too_deep(event):
        yield Fault(at, f"is nested more than {MOST_DEPTH} deep")
        return
    yield from _unknown(event, type_, at)
    yield from _when(event, at)
    yield from _why(event, at)
    yield from _where(event, at)
    yield from _lists(event, at)
    yield from _shape(event, type_, at)


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MOST_DEPTH):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return True


def _unknown(event: dict[str, Any], type_: str, at: str) -> Iterator[Fault]:
    for name in event:
        if name not in FIELDS[type_] and ":" not in name:
            fix = "extensions carry a namespace prefix, as example:name"
            yield Fault(f"{at}/{_escape(name)}", f"is no field of a {type_}", fix)


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")[:200]


def _when(event: dict[str, Any], at: str) -> Iterator[Fault]:
    times = [("eventTime", event.get("eventTime"))]
    if "recordTime" in event:
        times.append(("recordTime", event["recordTime"]))
    declaration = event.get("errorDeclaration", {"declarationTime": event.get("eventTime")})
    if isinstance(declaration, dict):
        times.append(("errorDeclaration/declarationTime", declaration.get("declarationTime")))
    else:
        yield Fault(f"{at}/errorDeclaration", "must be an object")
    for name, value in dict(times).items():
        try:
            date_time(value)
        except ValueError as error:
            yield Fault(f"{at}/{name}", "is missing" if value is None else str(error))
    offset = event.get("eventTimeZoneOffset")
    if not isinstance(offset, str) or not _OFFSET.fullmatch(offset):
        yield Fault(f"{at}/eventTimeZoneOffset", "must be an offset such as +09:00")


def _why(event: dict[str, Any], at: str) -> Iterator[Fault]:
    if "eventID" in event:
        yield from _uri(event["eventID"], f"{at}/eventID")
    for name in ("bizStep", "disposition"):
        if name in event and not _is_word(event[name]):
            yield Fault(f"{at}/{name}", "must be a CBV word, such as shipping, or a URI")
    yield from _pairs(event, "bizTransactionList", "bizTransaction", at)
    yield from _pairs(event, "sourceList", "source", at)
    yield from _pairs(event, "destinationList", "destination", at)


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and bool(BARE.fullmatch(value) or URI.fullmatch(value))


def _pairs(event: dict[str, Any], name: str, member: str, at: str) -> Iterator[Fault]:
    """A list of ``{"type": …, member: URI}``."""
    for where, item in _items(event, name, at):
        if isinstance(item, Fault):
            yield item
        elif not isinstance(item, dict):
            yield Fault(where, "must be an object")
        else:
            yield from _uri(item.get(member), f"{where}/{member}")
            if "type" in item and not _is_word(item["type"]):
                yield Fault(f"{where}/type", "must be a CBV word or a URI")


def _where(event: dict[str, Any], at: str) -> Iterator[Fault]:
    for name in ("readPoint", "bizLocation"):
        if name in event:
            place = event[name]
            found = place.get("id") if isinstance(place, dict) else None
            yield from _uri(found, f"{at}/{name}/id")


def _lists(event: dict[str, Any], at: str) -> Iterator[Fault]:
    for name in _EPC_LISTS:
        for where, item in _items(event, name, at):
            yield from [item] if isinstance(item, Fault) else _uri(item, where)
    for name in _QUANTITY_LISTS:
        for where, item in _items(event, name, at):
            yield from [item] if isinstance(item, Fault) else _quantity(item, where)
    for name in ("parentID", "transformationID"):
        if name in event:
            yield from _uri(event[name], f"{at}/{name}")


def _items(event: dict[str, Any], name: str, at: str) -> Iterator[tuple[str, Any]]:
    """The items of an optional list with their pointers; a fault when it is no such list."""
    if name not in event:
        return
    found = event[name]
    if not isinstance(found, list):
        yield at, Fault(f"{at}/{name}", "must be an array")
    elif len(found) > MOST_THINGS:
        yield at, Fault(f"{at}/{name}", f"has more than {MOST_THINGS} items", "send several events")
    else:
        yield from ((f"{at}/{name}/{index}", item) for index, item in enumerate(found))


def _quantity(item: Any, where: str) -> Iterator[Fault]:
    if not isinstance(item, dict):
        yield Fault(where, "must be an object")
        return
    yield from _uri(item.get("epcClass"), f"{where}/epcClass")
    number = item.get("quantity", 0)
    if isinstance(number, bool) or not isinstance(number, int | float) or number < 0:
        yield Fault(f"{where}/quantity", "must be a number, not negative")
    unit = item.get("uom", "KGM")
    if not isinstance(unit, str) or not _UOM.fullmatch(unit):
        yield Fault(f"{where}/uom", "must be a UN/CEFACT Recommendation 20 code, such as KGM")


def _uri(value: Any, where: str) -> Iterator[Fault]:
    if value is None:
        yield Fault(where, "is missing")
    elif not isinstance(value, str) or not URI.fullmatch(value):
        yield Fault(where, "must be a URI")


def _shape(event: dict[str, Any], type_: str, at: str) -> Iterator[Fault]:
    if "action" in FIELDS[type_] and event.get("action") not in ("ADD", "OBSERVE", "DELETE"):
        yield Fault(f"{at}/action", "must be ADD, OBSERVE or DELETE")
    yield from _SHAPES[type_](event, at)


def _any(event: dict[str, Any], *names: str) -> bool:
    return any(event.get(name) for name in names)


def _object(event: dict[str, Any], at: str) -> Iterator[Fault]:
    if not _any(event, "epcList", "quantityList", "sensorElementList"):
        yield Fault(at, "names no thing", "give epcList, quantityList or sensorElementList")
    if "ilmd" in event and event.get("action") != "ADD":
        yield Fault(f"{at}/ilmd", "is allowed with action ADD only")


def _aggregation(event: dict[str, Any], at: str) -> Iterator[Fault]:
    action = event.get("action")
    if action in ("ADD", "DELETE") and not event.get("parentID"):
        yield Fault(f"{at}/parentID", f"is missing; action {action} needs it")
    if action != "DELETE" and not _any(event, "childEPCs", "childQuantityList"):
        yield Fault(at, "names no child", "give childEPCs or childQuantityList")


def _association(event: dict[str, Any], at: str) -> Iterator[Fault]:
    if not event.get("parentID"):
        yield Fault(f"{at}/parentID", "is missing")
    if event.get("action") != "DELETE" and not _any(event, "childEPCs", "childQuantityList"):
        yield Fault(at, "names no child", "give childEPCs or childQuantityList")


def _transaction(event: dict[str, Any], at: str) -> Iterator[Fault]:
    if not _any(event, "bizTransactionList"):
        yield Fault(f"{at}/bizTransactionList", "is missing or empty")
    if not _any(event, "epcList", "quantityList", "parentID"):
        yield Fault(at, "names no thing", "give epcList, quantityList or parentID")


def _transformation(event: dict[str, Any], at: str) -> Iterator[Fault]:
    inputs = _any(event, "inputEPCList", "inputQuantityList")
    outputs = _any(event, "outputEPCList", "outputQuantityList")
    if not (inputs or outputs):
        yield Fault(at, "names neither inputs nor outputs")
    elif not (inputs and outputs) and not event.get("transformationID"):
        missing = "outputs" if inputs else "inputs"
        yield Fault(at, f"has no {missing}", "give them, or the transformationID that links them")


_SHAPES: Final[dict[str, Callable[[dict[str, Any], str], Iterator[Fault]]]] = {
    "ObjectEvent": _object,
    "AggregationEvent": _aggregation,
    "TransactionEvent": _transaction,
    "TransformationEvent": _transformation,
    "AssociationEvent": _association,
}

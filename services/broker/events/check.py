"""Whether an event is one: its envelope by CloudEvents 1.0, its data by the type's schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, Final

import orjson
from jsonschema.exceptions import ValidationError as SchemaError
from pydantic import ValidationError

from schemas.cloudevents import CloudEvent
from schemas.problem import Fault
from schemas.registry import event_types
from services.broker.events.patterns import unknown_type
from services.broker.registry.catalogue import Catalogue
from services.broker.registry.known import KnownType, Version
from services.broker.registry.subset import escape as escape

RESERVED: Final = "city.context."
"""Only the broker itself says what happened to the context."""

MOST_FAULTS: Final = 50
_EXTENSION: Final = re.compile(r"[a-z0-9]{1,20}")
_JSON_MEDIA: Final = re.compile(r"application/([a-z0-9.+-]+\+)?json(;.*)?", re.IGNORECASE)


def check_event(item: Any, where: str, types: Catalogue) -> CloudEvent | list[Fault]:
    """The event in a parsed JSON value, with its ``dataschema``, or all that is wrong with it.

    Args:
        where: JSON Pointer of the item in the request.
    """
    if not isinstance(item, dict):
        return [Fault(where, "an event is a JSON object")]
    try:
        event = CloudEvent.model_validate(item)
    except ValidationError as error:
        return _pydantic_faults(error, where)
    faults = _attribute_faults(event, where)
    known = types.find(event.type)
    if known is None:
        return [*faults, unknown_type(f"{where}/type", event.type, types.names())]
    version = _version(event, known)
    if version is None:
        return [*faults, _other_schema(f"{where}/dataschema", known)]
    faults += _data_faults(event, version, f"{where}/data")
    return faults or event.model_copy(update={"dataschema": known.dataschema(version)})


def _version(event: CloudEvent, known: KnownType) -> Version | None:
    """The version that an event says it keeps to: the newest when it does not say, or by name."""
    if event.dataschema in (None, f"/schemas/v1/{known.name}"):
        return known.newest
    return next((v for v in known.versions if known.dataschema(v) == event.dataschema), None)


def _other_schema(where: str, known: KnownType) -> Fault:
    return Fault(
        where,
        f"is no version of {known.name}",
        f"leave it out, or say {known.dataschema(known.newest)}",
    )


def _attribute_faults(event: CloudEvent, where: str) -> list[Fault]:
    faults = []
    if not _JSON_MEDIA.fullmatch(event.datacontenttype):
        faults.append(Fault(f"{where}/datacontenttype", "data is JSON here: application/json"))
    if event.type.startswith(RESERVED):
        faults.append(
            Fault(f"{where}/type", "is said by the broker only", "change the entity instead")
        )
    for name, value in (event.model_extra or {}).items():
        if not _EXTENSION.fullmatch(name) or not isinstance(value, str | int | bool):
            faults.append(
                Fault(
                    f"{where}/{escape(name)[:100]}",
                    "an extension attribute is a text, integer or Boolean whose name has 1 to 20"
                    " characters of a-z and 0-9 (CloudEvents §3.1)",
                )
            )
    return faults


def _data_faults(event: CloudEvent, version: Version, at: str) -> list[Fault]:
    model = event_types().get(event.type)
    if model is None:
        return schema_faults(version, event.data, at)
    try:
        # strict: as the JSON Schema has it, a number is not a text and 1 is not true
        model.model_validate_json(orjson.dumps(event.data), strict=True)
    except ValidationError as error:
        return schema_faults(version, event.data, at) or _pydantic_faults(error, at)
    return []


def schema_faults(version: Version, data: Any, at: str) -> list[Fault]:
    """What a version's schema says of ``data``; its pointers know nothing of a model behind it."""
    errors = version.validator.iter_errors(data)
    precise = chain.from_iterable(map(_inner, errors))
    return [_schema_fault(error, at) for error in islice(precise, MOST_FAULTS)]


def _inner(error: SchemaError) -> Iterator[SchemaError]:
    """Of a value that fits none of several schemas: what is wrong further inside, if anything."""
    deeper = [e for e in error.context or () if len(e.absolute_path) > len(error.absolute_path)]
    if not deeper:
        yield error
    for inner in deeper:
        yield from _inner(inner)


def _schema_fault(error: SchemaError, where: str) -> Fault:
    pointer = "".join(f"/{escape(str(part))}" for part in error.absolute_path)
    return Fault(where + pointer, error.message[:300])


def _pydantic_faults(error: ValidationError, where: str) -> list[Fault]:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        Fault("/".join((where, *(escape(str(part)) for part in item["loc"]))), item["msg"])
        for item in found[:MOST_FAULTS]
    ]

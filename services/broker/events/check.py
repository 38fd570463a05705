"""Whether an event is one: its envelope by CloudEvents 1.0, its data by the type's schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import chain, islice
from typing import Any, Final

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError as SchemaError
from pydantic import ValidationError

from schemas.cloudevents import CloudEvent
from schemas.problem import Fault
from schemas.registry import event_schema, event_types
from services.broker.events.patterns import unknown_type

RESERVED: Final = "city.context."
"""Only the broker itself says what happened to the context."""

MOST_FAULTS: Final = 50
_EXTENSION: Final = re.compile(r"[a-z0-9]{1,20}")
_JSON_MEDIA: Final = re.compile(r"application/([a-z0-9.+-]+\+)?json(;.*)?", re.IGNORECASE)


def check_event(item: Any, where: str) -> CloudEvent | list[Fault]:
    """The event in a parsed JSON value, or everything that is wrong with it.

    Args:
        where: JSON Pointer of the item in the request.
    """
    if not isinstance(item, dict):
        return [Fault(where, "an event is a JSON object")]
    try:
        event = CloudEvent.model_validate(item)
    except ValidationError as error:
        return _pydantic_faults(error, where)
    faults = [*_attribute_faults(event, where), *_data_faults(event, where)]
    return faults or event


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


def _data_faults(event: CloudEvent, where: str) -> list[Fault]:
    model = event_types().get(event.type)
    if model is None:
        return [unknown_type(f"{where}/type", event.type)]
    try:
        # strict: as the JSON Schema has it, a number is not a text and 1 is not true
        model.model_validate_json(orjson.dumps(event.data), strict=True)
    except ValidationError as error:
        return _schema_faults(event, where) or _pydantic_faults(error, f"{where}/data")
    return []


def _schema_faults(event: CloudEvent, where: str) -> list[Fault]:
    """What the published schema says, whose pointers know nothing of the model behind it."""
    errors = _validator(event.type).iter_errors(event.data)
    precise = chain.from_iterable(map(_inner, errors))
    return [_schema_fault(error, f"{where}/data") for error in islice(precise, MOST_FAULTS)]


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


@cache
def _validator(type_: str) -> Draft202012Validator:
    return Draft202012Validator(event_schema(type_))


def _pydantic_faults(error: ValidationError, where: str) -> list[Fault]:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        Fault("/".join((where, *(escape(str(part)) for part in item["loc"]))), item["msg"])
        for item in found[:MOST_FAULTS]
    ]


def escape(part: str) -> str:
    """One reference token of a JSON Pointer (RFC 6901 §3)."""
    return part.replace("~", "~0").replace("/", "~1")

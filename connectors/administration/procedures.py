"""The procedures that residents can file: what each is, and a JSON Schema of what to fill in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError
from pydantic import BaseModel, Field
from pydantic import ValidationError as ModelError

from connectors.faults import Faults
from schemas.ngsild import Value
from schemas.problem import Fault, Unprocessable

STANDARD: Final = "catalogue of procedures (fields in JSON Schema 2020-12)"
_MOST_FAULTS: Final = 50
_KEYWORDS_REFUSED: Final = ("$ref", "$dynamicRef", "pattern", "patternProperties")
"""``$ref`` would let a catalogue fetch from elsewhere, ``pattern`` let it stop the process."""


class Procedure(Value):
    """A procedure (行政手続).

    Attributes:
        name, name_en: 手続名.
        office, office_en: who decides (担当課).
        law: 根拠法令.
        fields: JSON Schema of a filing's ``fields``; titles in English and, as ``titleJa``,
            Japanese.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")
    name: str
    name_en: str
    office: str
    office_en: str
    law: str | None = None
    description: str
    description_en: str
    fields: dict[str, Any]


class _Catalogue(BaseModel):
    procedures: list[Procedure] = Field(max_length=1000)


def parse(raw: bytes) -> dict[str, Procedure]:
    """A catalogue: procedures by id, in its order.

    Raises:
        Unprocessable: naming by JSON Pointer what is wrong.
    """
    faults = Faults(STANDARD)
    try:
        catalogue = _Catalogue.model_validate(orjson.loads(raw))
    except orjson.JSONDecodeError as error:
        faults.stop(f"line {error.lineno} column {error.colno}", f"Not JSON: {error.msg}.")
    except ModelError as error:
        for item in error.errors(include_url=False)[:_MOST_FAULTS]:
            faults.add("/" + "/".join(map(str, item["loc"])), f"{item['msg']}.")
        faults.refuse()
    found: dict[str, Procedure] = {}
    for position, procedure in enumerate(catalogue.procedures):
        where = f"/procedures/{position}"
        if procedure.id in found:
            faults.add(f"{where}/id", f"{procedure.id!r} is there already.")
        _check_schema(procedure.fields, f"{where}/fields", faults)
        found[procedure.id] = procedure
    faults.check()
    return found


def _check_schema(schema: dict[str, Any], where: str, faults: Faults) -> None:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        faults.add(_below(where, error.absolute_path), f"Not JSON Schema: {error.message[:200]}.")
        return
    if schema.get("type") != "object":
        faults.add(f"{where}/type", "The fields of a filing are an object.", 'Write "object".')
    for keyword in sorted(set(_keys(schema)) & set(_KEYWORDS_REFUSED)):
        faults.add(where, f"The keyword {keyword} is not accepted.")


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, child in value.items():
            yield name
            yield from _keys(child)
    elif isinstance(value, list):
        for child in value:
            yield from _keys(child)


def check_fields(procedure: Procedure, fields: dict[str, Any]) -> None:
    """Whether a filing's fields are what the procedure asks for.

    Raises:
        Unprocessable: naming each field that is not.
    """
    validator = Draft202012Validator(procedure.fields, format_checker=FormatChecker())
    wrong: list[ValidationError] = sorted(
        validator.iter_errors(fields), key=lambda error: list(map(str, error.absolute_path))
    )
    if wrong:
        faults = [_fault(error) for error in wrong[:_MOST_FAULTS]]
        raise Unprocessable(f"The fields of {procedure.id} are not complete.", faults=faults)


def _fault(error: ValidationError) -> Fault:
    # the sentence names the rule and not the value: what a resident wrote is not for logs
    what = f"It does not meet {error.validator}: {error.validator_value!r}."[:300]
    if error.validator in ("required", "additionalProperties"):  # these name fields only
        what = error.message + "."
    return Fault(_below("/fields", error.absolute_path), what)


def _below(where: str, path: Any) -> str:
    parts = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return "/".join((where, *parts))

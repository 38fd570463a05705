"""``pattern`` in time that grows with the text only: others' patterns run in the broker.

Python's own expressions backtrack, and a client's pattern could hold up everybody. pydantic's run
on Rust's engine, which has neither look-around nor back-references, and never backtracks.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from pydantic_core import SchemaError, SchemaValidator, core_schema
from pydantic_core import ValidationError as Mismatch


def check_pattern(text: Any) -> str:
    """Why this is no pattern that can be used here; empty when it can be."""
    if not isinstance(text, str) or len(text) > 1000:
        return "a pattern is a text of at most 1000 characters"
    try:
        _compiled(text)
    except SchemaError as error:
        return f"not a pattern without look-around and back-references: {str(error)[:200]}"
    return ""


@lru_cache(maxsize=1000)
def _compiled(text: str) -> SchemaValidator:
    return SchemaValidator(core_schema.str_schema(pattern=text, regex_engine="rust-regex"))


def _pattern(_: Any, text: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, str):
        return
    try:
        _compiled(text).validate_python(instance)
    except Mismatch:
        yield ValidationError(f"{instance[:100]!r} does not match {text!r}")


Validator: Final[type[Draft202012Validator]] = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator, {"pattern": _pattern}
)
"""JSON Schema 2020-12 with such patterns; ``format`` says something, and is not checked."""

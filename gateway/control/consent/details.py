"""Authorization details (RFC 9396), read strictly: what a client asks for beyond scopes."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Final, Literal

from authlib.oauth2.rfc6749 import OAuth2Error
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from schemas.consent import TYPE

PARAMETER: Final = "authorization_details"
MOST: Final = 12
"""Details in one request: each is read by a resident, and carried by every token."""
_LONGEST: Final = 16_384
MOST_RECIPIENTS: Final = 5
_ClientId = Annotated[str, Field(max_length=128, pattern=r"^[A-Za-z0-9._~-]+$")]
_Id = Annotated[str, Field(max_length=80, pattern=r"^[a-z][a-z0-9-]*$")]
_UNSPEAKABLE: Final = re.compile(r'[^\x20-\x7e]|["\\]')


class Asked(BaseModel):
    """One authorization detail; the members are :class:`schemas.consent.Detail`'s."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    type: Literal["city_data"]
    dataset: _Id
    purpose: _Id = ""
    fields: Annotated[list[_Id], Field(min_length=1, max_length=50)] | None = None
    until: Annotated[int, Field(gt=0, le=253_402_300_799)] | None = None
    recipients: (
        Annotated[list[_ClientId], Field(min_length=1, max_length=MOST_RECIPIENTS)] | None
    ) = None
    essential: bool = False


_Details: Final = TypeAdapter(Annotated[list[Asked], Field(min_length=1, max_length=MOST)])


def invalid(description: str) -> OAuth2Error:
    """RFC 9396 §5: whatever is not understood whole is refused."""
    # RFC 6749 §5.2 allows neither quotation marks nor anything beyond ASCII there
    said = _UNSPEAKABLE.sub("?", description)
    return OAuth2Error(error="invalid_authorization_details", description=said)


def parse(text: str) -> list[Asked]:
    """The details in a request's ``authorization_details``.

    Raises:
        OAuth2Error: ``invalid_authorization_details``: not a JSON array of at most :data:`MOST`
            details of type ``city_data``, with members that are known, none twice.
    """
    if len(text) > _LONGEST:
        raise invalid(f"authorization_details has {len(text)} characters, the most is {_LONGEST}.")
    try:
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        what = error.args[0] if isinstance(error, _Twice) else "it is not JSON"
        raise invalid(f"authorization_details: {what}.") from error
    try:
        return _Details.validate_python(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = "".join(f"/{part}" for part in first["loc"])[:100]
        raise invalid(f"authorization_details{where}: {first['msg']}.{_hint(first)}") from error


def recipients_in(text: str | None) -> set[str]:
    """The clients that are named as recipients, before anything is judged; at most five."""
    try:
        asked = parse(text) if text is not None else []
    except OAuth2Error:
        return set()
    return set(sorted({name for one in asked for name in one.recipients or ()})[:MOST_RECIPIENTS])


def _hint(error: Any) -> str:
    return f" The only type is {TYPE}." if error["loc"][-1:] == ("type",) else ""


class _Twice(ValueError):
    """A member that is there twice means two things to two readers."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Twice("a member is there twice")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(constant)

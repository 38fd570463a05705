"""What the operations of this API share: who calls, and how payments and pages are answered."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, NoReturn

from fastapi import Path, Query, Response
from pydantic import BaseModel

from connectors.payments.entities import as_entity
from connectors.payments.orders import Decision
from connectors.payments.reasons import Reason
from schemas.kit.caller import Caller
from schemas.ngsild import Entity
from schemas.problem import Forbidden, Problem

Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
PaymentId = Annotated[str, Path(pattern=r"^(urn:ngsi-ld:Payment:ledger:)?[0-9a-f]{32}$")]


def client_of(caller: Caller) -> str:
    """The calling client; an account without an owner must never match an absent caller."""
    if not caller.client:
        raise Forbidden("This needs a token of a registered client.")
    return caller.client


def subject_of(caller: Caller) -> str:
    """The resident's pseudonym here."""
    if not caller.subject:
        raise Forbidden("This needs a token with a resident behind it.")
    return caller.subject


def page(found: Iterable[BaseModel], total: int, limit: int, offset: int) -> dict[str, Any]:
    items = [item.as_keyvalues() if isinstance(item, Entity) else item for item in found]
    return {"items": items, "total": total, "limit": limit, "offset": offset}


def answer(made: Decision, response: Response, location: str) -> dict[str, Any]:
    """201 with the payment, or 422 with why it was rejected; either is final for its key."""
    if made.reason:
        _reject(made, made.reason, location)
    response.headers["location"] = location
    return as_entity(made).as_keyvalues()


def _reject(made: Decision, reason: Reason, location: str) -> NoReturn:
    raise Problem(
        f"{reason.text} The payment is rejected for good; a new try needs a new Idempotency-Key.",
        status=422,
        slug="payment-rejected",
        title="The payment was rejected",
        extra={"reason": reason.value, "paymentId": made.id},
        headers={"location": location},
    )

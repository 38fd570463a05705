"""What somebody orders, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import orjson

from connectors.payments.money import Money
from connectors.payments.reasons import Reason
from schemas.payments import Party, Status


@dataclass(frozen=True, slots=True)
class Order:
    """One credit transfer, as ordered.

    Attributes:
        owner: the client that the debtor's account must belong to; None when a resident's ID link
            has already shown whose account it is.
        requested: when the initiator made the order.
        execution_date: not before this day, in the city.
    """

    money: Money
    debtor: Party
    creditor: Party
    owner: str | None
    requested: datetime
    end_to_end_id: str | None = None
    remittance: str | None = None
    instruction_id: str | None = None
    execution_date: date | None = None

    def instruction(self) -> dict[str, Any]:
        """What the initiator said beyond amount and accounts, as it is stored."""
        said: dict[str, Any] = {
            "debtor": self.debtor.model_dump(mode="json", by_alias=True, exclude_none=True),
            "creditor": self.creditor.model_dump(mode="json", by_alias=True, exclude_none=True),
            "endToEndId": self.end_to_end_id,
            "remittance": self.remittance,
            "instructionId": self.instruction_id,
        }
        return {name: value for name, value in said.items() if value is not None}

    def fingerprint(self) -> bytes:
        """Equal for orders that say the same, whatever their spelling and whenever they came."""
        said = [self.money.minor, self.money.currency, self.owner, self.instruction()]
        return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).digest()


@dataclass(frozen=True, slots=True)
class Initiator:
    """Who orders: a client, and the resident behind it if there is one.

    Attributes:
        key: the ``Idempotency-Key``; None for the orders of a message, which has its own id.
        message_id: of the pain.001 message.
    """

    client: str
    subject: str = ""
    key: str | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """An order that was settled or rejected; final, and never changed."""

    id: str
    order: Order
    by: Initiator
    reason: Reason | None
    decided: datetime

    @property
    def status(self) -> Status:
        return "RJCT" if self.reason else "ACSC"

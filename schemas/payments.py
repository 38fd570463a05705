"""Canonical entities and events of the payments domain.

Amounts are decimal text in the currency's own number of decimals (``"1200"`` JPY, ``"10.00"``
GBP), never binary floating point. Status and reason codes are those of ISO 20022's external code
sets (``ExternalPaymentTransactionStatus1Code``, ``ExternalStatusReason1Code``).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from pydantic import AwareDatetime, BaseModel, StringConstraints

from schemas.ngsild import Entity, Value
from schemas.xcity import LegalClass

AmountText = Annotated[
    str, StringConstraints(strict=True, pattern=r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,5})?$")
]
"""An amount: no sign, no exponent, no thousands separator."""

CurrencyCode = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{3}$")]
"""ISO 4217 alphabetic code."""

Status = Literal["ACSC", "RJCT"]
"""ACSC: settled on the debtor's and the creditor's account. RJCT: refused, nothing moved."""


class PostalAddress(Value):
    """ISO 20022 ``PostalAddress``, the structured parts and free lines."""

    street_name: str | None = None
    building_number: str | None = None
    post_code: str | None = None
    town_name: str | None = None
    country: str | None = None
    lines: tuple[str, ...] | None = None


class Party(Value):
    """A debtor or creditor as the initiator named it."""

    name: str | None = None
    account: str
    agent: str | None = None
    """BIC of the party's bank (ISO 9362)."""
    address: PostalAddress | None = None


class Payment(Entity):
    """A payment that was settled or rejected; ``observed_at`` is when that happened.

    ``debtor`` is left out where the reader is the creditor: who paid is the payer's to tell.
    """

    entity_type = "Payment"
    legal_class = LegalClass.PERSONAL

    payment_id: str
    amount: AmountText
    currency: CurrencyCode
    status: Status
    reason: str | None = None
    debtor: Party | None = None
    creditor: Party
    end_to_end_id: str | None = None
    remittance: str | None = None
    """What the debtor tells the creditor (ISO 20022 ``RmtInf/Ustrd``)."""
    requested_at: AwareDatetime
    """When the initiator made the order (ISO 20022 ``CreDtTm``)."""


class PaymentSettled(Value):
    """Data of ``city.payments.payment.settled``: who is behind an account is not said."""

    legal_class: ClassVar[LegalClass] = LegalClass.PERSONAL

    payment_id: str
    amount: AmountText
    currency: CurrencyCode
    debtor_account: str
    creditor_account: str
    end_to_end_id: str | None = None


class PaymentRejected(PaymentSettled):
    """Data of ``city.payments.payment.rejected``."""

    reason: str


SETTLED: Final = "city.payments.payment.settled"
REJECTED: Final = "city.payments.payment.rejected"

ENTITIES: Final[tuple[type[Entity], ...]] = (Payment,)
EVENTS: Final[dict[str, type[BaseModel]]] = {SETTLED: PaymentSettled, REJECTED: PaymentRejected}

"""A decision as the canonical entity and event."""

from __future__ import annotations

from connectors.payments.orders import Decision
from schemas.cloudevents import CloudEvent, event
from schemas.ngsild import urn
from schemas.payments import REJECTED, SETTLED, Payment, PaymentRejected, PaymentSettled


def entity_id(payment: str) -> str:
    return urn(Payment.entity_type, "ledger", payment)


def as_entity(decision: Decision, *, for_creditor: bool = False) -> Payment:
    """The payment; for its creditor without what the debtor said of itself."""
    order = decision.order
    return Payment(
        id=entity_id(decision.id),
        observed_at=decision.decided,
        payment_id=decision.id,
        amount=str(order.money),
        currency=order.money.currency,
        status=decision.status,
        reason=decision.reason.value if decision.reason else None,
        debtor=None if for_creditor else order.debtor,
        creditor=order.creditor,
        end_to_end_id=order.end_to_end_id,
        remittance=order.remittance,
        requested_at=order.requested,
    )


def as_event(decision: Decision, source: str) -> CloudEvent:
    """``city.payments.payment.settled`` or ``.rejected``, once a payment."""
    order, type_ = decision.order, REJECTED if decision.reason else SETTLED
    said = PaymentSettled(
        payment_id=decision.id,
        amount=str(order.money),
        currency=order.money.currency,
        debtor_account=order.debtor.account,
        creditor_account=order.creditor.account,
        end_to_end_id=order.end_to_end_id,
    )
    if decision.reason:
        said = PaymentRejected(**said.model_dump(), reason=decision.reason.value)
    return event(
        type_,
        said,
        source=source,
        subject=entity_id(decision.id),
        time=decision.decided,
        key=decision.id,
    )

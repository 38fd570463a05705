"""A decision as a row of the table ``payments``, and back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from connectors.payments.moments import micros, moment
from connectors.payments.money import Money
from connectors.payments.orders import Decision, Initiator, Order
from connectors.payments.reasons import Reason
from schemas.payments import Party


def row_of(decision: Decision) -> dict[str, Any]:
    order, by = decision.order, decision.by
    return {
        "id": decision.id,
        "client": by.client,
        "subject": by.subject,
        "key": by.key,
        "fingerprint": order.fingerprint(),
        "status": decision.status,
        "reason": decision.reason.value if decision.reason else None,
        "amount": order.money.minor,
        "currency": order.money.currency,
        "debtor_account": order.debtor.account,
        "creditor_account": order.creditor.account,
        "instruction": order.instruction(),
        "message_id": by.message_id,
        "requested": micros(order.requested),
        "decided": micros(decision.decided),
    }


def decision_of(row: Row[Any]) -> Decision:
    said = row.instruction
    order = Order(
        money=Money(row.amount, row.currency),
        debtor=Party.model_validate(said["debtor"]),
        creditor=Party.model_validate(said["creditor"]),
        owner=None,
        requested=moment(row.requested),
        end_to_end_id=said.get("endToEndId"),
        remittance=said.get("remittance"),
        instruction_id=said.get("instructionId"),
    )
    reason = Reason(row.reason) if row.reason else None
    by = Initiator(row.client, row.subject, row.key, row.message_id)
    return Decision(row.id, order, by, reason, moment(row.decided))

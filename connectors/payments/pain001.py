"""ISO 20022 pain.001, CustomerCreditTransferInitiation, versions 03, 08 and 09.

Read are the parts that a payment inside one ledger has; a message that asks for what this ledger
does not do (cheques, amounts to be converted) is refused whole, with where it asks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from connectors.payments import pain001_parts as parts
from connectors.payments.money import Money
from connectors.payments.orders import Order
from connectors.payments.reader import Reader, namespace_of
from connectors.payments.xml import Element, parse
from schemas.payments import Party
from schemas.problem import Fault, Unprocessable

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.001.001."
VERSIONS: Final = ("03", "08", "09")
MOST_TRANSACTIONS: Final = 1000
LIMIT: Final = 4 * 1024 * 1024

_NOBODY = Party(account="")
_DECIMAL = re.compile(r"[0-9]{1,18}(\.[0-9]{1,17})?", re.ASCII)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Instruction:
    """A ``PmtInf``: one debtor, one date, its transactions."""

    id: str
    count: int | None
    control_sum: Decimal | None
    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One pain.001 message.

    Attributes:
        version: ``"03"``, ``"08"`` or ``"09"``.
        count, control_sum: what the group header says they are.
    """

    version: str
    id: str
    created: datetime
    count: int
    control_sum: Decimal | None
    instructions: tuple[Instruction, ...]

    @property
    def orders(self) -> list[Order]:
        return [order for instruction in self.instructions for order in instruction.orders]


def read(raw: bytes, owner: str) -> Message:
    """Read a message whose debtor accounts must belong to the client ``owner``.

    Raises:
        Unprocessable: it is not XML, not pain.001, or not complete; ``errors`` says where.
    """
    root = parse(raw)
    namespace = namespace_of(root)
    version = namespace.removeprefix(NAMESPACE)
    if version not in VERSIONS or not root.tag.endswith("}Document"):
        raise Unprocessable(
            "This is not a pain.001 message that can be read here.",
            faults=(
                Fault(
                    "line 1: /*",
                    f"the root is {root.tag[:200]}",
                    f"send a Document in {NAMESPACE}{'|'.join(VERSIONS)}",
                ),
            ),
        )
    reader = Reader(namespace)
    message = _message(reader, root, version, owner)
    if reader.faults:
        raise Unprocessable("The message is not complete.", faults=reader.faults)
    return message


def _message(reader: Reader, root: Element, version: str, owner: str) -> Message:
    nothing = Message(version, "", _NEVER, 0, None, ())
    body = reader.need(root, "CstmrCdtTrfInitn")
    header = reader.need(body, "GrpHdr") if body is not None else None
    if body is None or header is None:
        return nothing
    created = reader.value(header, "CreDtTm", parts.date_time, _NEVER)
    found = reader.all(body, "PmtInf")
    if not found:
        reader.fault(body, "PmtInf is missing")
    many = sum(len(reader.all(item, "CdtTrfTxInf")) for item in found)
    if many > MOST_TRANSACTIONS:
        reader.fault(body, f"has {many} transactions", f"send at most {MOST_TRANSACTIONS} at once")
        return nothing
    return Message(
        version=version,
        id=reader.needed_text(header, "MsgId", 35),
        created=created,
        count=reader.value(header, "NbOfTxs", parts.count, 0),
        control_sum=control_sum(reader, header),
        instructions=tuple(_instruction(reader, item, created, owner) for item in found),
    )


def control_sum(reader: Reader, parent: Element) -> Decimal | None:
    found = reader.find(parent, "CtrlSum")
    return None if found is None else reader.of(found, _decimal, None)


def _decimal(text: str) -> Decimal | None:
    """ISO 20022 ``DecimalNumber``; no exponent, which could stand for a number of any length."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError("must be a decimal number of at most 18 digits and 17 decimals")
    return Decimal(text)


def _instruction(reader: Reader, element: Element, created: datetime, owner: str) -> Instruction:
    if reader.needed_text(element, "PmtMtd", 3) not in ("TRF", ""):
        reader.fault(element, "PmtMtd is not TRF", "only credit transfers are made here")
    debtor = parts.party(reader, element, "Dbtr")
    day = parts.execution_date(reader, element)
    transactions = reader.all(element, "CdtTrfTxInf")
    if not transactions:
        reader.fault(element, "CdtTrfTxInf is missing")
    stated = reader.find(element, "NbOfTxs")
    return Instruction(
        id=reader.needed_text(element, "PmtInfId", 35),
        count=None if stated is None else reader.of(stated, parts.count, 0),
        control_sum=control_sum(reader, element),
        orders=tuple(_order(reader, item, debtor, day, created, owner) for item in transactions),
    )


def _order(
    reader: Reader,
    element: Element,
    debtor: Party,
    day: date | None,
    created: datetime,
    owner: str,
) -> Order:
    amount = reader.need(element, "Amt/InstdAmt")
    return Order(
        money=Money(0, "XXX") if amount is None else parts.money(reader, amount),
        debtor=debtor,
        creditor=parts.party(reader, element, "Cdtr"),
        owner=owner,
        requested=created,
        end_to_end_id=reader.needed_text(element, "PmtId/EndToEndId", 35),
        instruction_id=reader.text(element, "PmtId/InstrId", 35),
        remittance=parts.remittance(reader, element),
        execution_date=day,
    )

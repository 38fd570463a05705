"""ISO 20022 pain.002, CustomerPaymentStatusReport: what became of a pain.001 message."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree

from connectors.payments.orders import Decision
from connectors.payments.pain001 import Instruction, Message
from connectors.payments.reasons import Reason
from connectors.payments.xml import Element
from schemas.ngsild import timestamp

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:pain.002.001."
_VERSION_OF: Final = {"03": "03", "08": "08", "09": "10"}
"""The status report published together with each version of the initiation."""


@dataclass(frozen=True, slots=True)
class Report:
    """What is reported.

    Attributes:
        reason: why the whole message is rejected; then ``decisions`` is empty.
        decisions: one for each order, in the message's order.
    """

    message: Message
    id: str
    created: datetime
    decisions: Sequence[Decision] = ()
    reason: Reason | None = None


def write(report: Report) -> bytes:
    """The report as XML, in the version that belongs to the message's."""
    namespace = NAMESPACE + _VERSION_OF[report.message.version]
    root = etree.Element(f"{{{namespace}}}Document", nsmap={None: namespace})  # type: ignore[dict-item]
    body = _add(root, "CstmrPmtStsRpt")
    header = _add(body, "GrpHdr")
    _add(header, "MsgId", report.id)
    _add(header, "CreDtTm", timestamp(report.created))
    _group(body, report)
    rest = list(report.decisions)
    for instruction in report.message.instructions if rest else ():
        number = len(instruction.orders)
        _instruction(body, instruction, rest[:number])
        rest = rest[number:]
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _group(body: Element, report: Report) -> None:
    message, group = report.message, _add(body, "OrgnlGrpInfAndSts")
    _add(group, "OrgnlMsgId", message.id)
    _add(group, "OrgnlMsgNmId", f"pain.001.001.{message.version}")
    _add(group, "OrgnlCreDtTm", message.created.isoformat())
    _add(group, "OrgnlNbOfTxs", str(message.count))
    if message.control_sum is not None:
        _add(group, "OrgnlCtrlSum", f"{message.control_sum:f}")
    _add(group, "GrpSts", "RJCT" if report.reason else status(report.decisions))
    if report.reason:
        _reason(group, report.reason)


def status(decisions: Iterable[Decision]) -> str:
    """ACSC when all are settled, RJCT when none is, PART between."""
    found = {decision.status for decision in decisions}
    return found.pop() if len(found) == 1 else "PART"


def _instruction(body: Element, instruction: Instruction, decisions: Sequence[Decision]) -> None:
    element = _add(body, "OrgnlPmtInfAndSts")
    _add(element, "OrgnlPmtInfId", instruction.id)
    _add(element, "PmtInfSts", status(decisions))
    for decision in decisions:
        _transaction(element, decision)


def _transaction(parent: Element, decision: Decision) -> None:
    order, element = decision.order, _add(parent, "TxInfAndSts")
    if order.instruction_id:
        _add(element, "OrgnlInstrId", order.instruction_id)
    _add(element, "OrgnlEndToEndId", order.end_to_end_id or "NOTPROVIDED")
    _add(element, "TxSts", decision.status)
    if decision.reason:
        _reason(element, decision.reason)
    _add(element, "AccptncDtTm", timestamp(decision.decided))
    _add(element, "AcctSvcrRef", decision.id)


def _reason(parent: Element, reason: Reason) -> None:
    information = _add(parent, "StsRsnInf")
    _add(_add(information, "Rsn"), "Cd", reason.value)
    _add(information, "AddtlInf", reason.text[:105])  # Max105Text


def _add(parent: Element, name: str, text: str | None = None) -> Element:
    namespace = etree.QName(parent).namespace
    child = etree.SubElement(parent, f"{{{namespace}}}{name}")
    child.text = text
    return child

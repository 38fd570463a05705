"""pain.001 messages, made to measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Transaction:
    amount: str = "100"
    creditor: str = "b"
    currency: str = "JPY"
    reference: str = "ref"

    def xml(self) -> str:
        return f"""<CdtTrfTxInf>
 <PmtId><EndToEndId>{self.reference}</EndToEndId></PmtId>
 <Amt><InstdAmt Ccy="{self.currency}">{self.amount}</InstdAmt></Amt>
 <Cdtr><Nm>Mirai Shop みらい商店</Nm></Cdtr>
 <CdtrAcct><Id><Othr><Id>{self.creditor}</Id></Othr></Id></CdtrAcct>
</CdtTrfTxInf>"""


def message(
    transactions: Sequence[Transaction],
    *,
    version: str = "08",
    id_: str = "message-1",
    debtor: str = "a",
    day: str = "2026-04-01",
    count: int | None = None,
    control_sum: str | None = None,
) -> bytes:
    number = len(transactions) if count is None else count
    total = control_sum or str(sum(Decimal(t.amount) for t in transactions))
    date = day if version == "03" else f"<Dt>{day}</Dt>"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.{version}"><CstmrCdtTrfInitn>
<GrpHdr>
 <MsgId>{id_}</MsgId><CreDtTm>2026-04-01T09:00:00+09:00</CreDtTm>
 <NbOfTxs>{number}</NbOfTxs><CtrlSum>{total}</CtrlSum>
 <InitgPty><Nm>Shop</Nm></InitgPty>
</GrpHdr>
<PmtInf>
 <PmtInfId>batch-1</PmtInfId><PmtMtd>TRF</PmtMtd>
 <ReqdExctnDt>{date}</ReqdExctnDt>
 <Dbtr><Nm>Shop</Nm></Dbtr>
 <DbtrAcct><Id><Othr><Id>{debtor}</Id></Othr></Id></DbtrAcct>
 {"".join(t.xml() for t in transactions)}
</PmtInf>
</CstmrCdtTrfInitn></Document>""".encode()

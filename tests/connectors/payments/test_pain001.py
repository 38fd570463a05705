from __future__ import annotations

import asyncio
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from connectors.payments import pain001
from schemas.problem import Problem
from tests.connectors.payments.messages import Transaction, message
from tests.connectors.payments.teller import ROOT, Teller, teller
from tests.foreign import foreign

FOREIGN = "payments/pain001_001_08.xml"


def texts(answer: httpx.Response, name: str) -> list[str]:
    root = etree.fromstring(answer.raise_for_status().content)
    return [element.text or "" for element in root.iter() if element.tag.endswith("}" + name)]


# --- a message that we did not make


def independent(raw: bytes) -> dict[str, Any]:
    """What the foreign file says, read without the code under test."""
    ns = {"i": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.08"}
    root = etree.fromstring(raw)

    def text(path: str) -> str:
        found = root.find(".//" + "/".join(f"i:{step}" for step in path.split("/")), namespaces=ns)
        assert found is not None
        return found.text or ""

    return {
        "amount": Decimal(text("InstdAmt")),
        "requested": datetime.fromisoformat(text("CreDtTm")),
        "reference": text("EndToEndId"),
        "remittance": text("Ustrd"),
        **{
            role: {
                "name": text(f"{role}/Nm"),
                "account": text(f"{role}Acct/Id/Othr/Id"),
                "agent": text(f"{role}Agt/FinInstnId/BICFI"),
                "address": {
                    "streetName": text(f"{role}/PstlAdr/StrtNm"),
                    "buildingNumber": text(f"{role}/PstlAdr/BldgNb"),
                    "postCode": text(f"{role}/PstlAdr/PstCd"),
                    "townName": text(f"{role}/PstlAdr/TwnNm"),
                    "country": text(f"{role}/PstlAdr/Ctry"),
                },
            }
            for role in ("Dbtr", "Cdtr")
        },
    }


async def foreign_accounts(bank: Teller) -> None:
    await bank.open("50000970", "100.00", "GBP", owner="shop")
    await bank.open("12345678", "0", "GBP")


async def test_a_foreign_message_goes_in_and_comes_out_the_same(
    tmp_path: Path, store_url: str
) -> None:
    raw = foreign(FOREIGN).read_bytes()
    said = independent(raw)
    async with teller(tmp_path, store_url) as bank:
        await foreign_accounts(bank)
        report = await bank.send(raw)
        assert report.headers["content-type"] == "application/xml"
        assert texts(report, "GrpSts") == ["ACSC"]
        assert texts(report, "OrgnlMsgId") == ["test-160620"]
        (made,) = texts(report, "AcctSvcrRef")
        paid = await bank.run.api.get(f"{ROOT}/payments/{made}", headers={"x-city-client": "shop"})
        payment = paid.json()
        assert (Decimal(payment["amount"]), payment["currency"]) == (said["amount"], "GBP")
        assert datetime.fromisoformat(payment["requestedAt"]) == said["requested"]
        assert payment["endToEndId"] == said["reference"]
        assert payment["remittance"] == said["remittance"]
        assert (payment["debtor"], payment["creditor"]) == (said["Dbtr"], said["Cdtr"])
        assert await bank.balance("50000970") == "90.00"
        await bank.run.said.until(lambda heard: payment["id"] in heard.entities())
        entity = bank.run.said.entities()[payment["id"]]
        for name in ("amount", "currency", "debtor", "creditor", "endToEndId", "requestedAt"):
            assert entity[name]["value"] == payment[name], name


async def test_the_same_message_again_is_answered_again_and_paid_once(tmp_path: Path) -> None:
    raw = foreign(FOREIGN).read_bytes()
    async with teller(tmp_path) as bank:
        await foreign_accounts(bank)
        assert (await bank.send(raw)).content == (await bank.send(raw)).content
        other = await bank.send(raw.replace(b">10<", b">11<"))
        assert (texts(other, "GrpSts"), texts(other, "Cd")) == (["RJCT"], ["DU01"])
        assert await bank.balance("50000970") == "90.00"


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        (b"<MsgId>test-160620</MsgId>", b"", "GrpHdr"),
        (b"<InstdAmt Ccy=", b"<InstdAmt Cur=", "InstdAmt"),
        (b'Ccy="GBP">10<', b'Ccy="GBP">10.001<', "InstdAmt"),
        (b'Ccy="GBP">10<', b'Ccy="GBP">-10<', "InstdAmt"),
        (b"<Dt>2020-06-16</Dt>", b"<Dt>2020-06-36</Dt>", "ReqdExctnDt/Dt"),
        (b"<Dt>2020-06-16</Dt>", b"<Dt>2020-W25-2</Dt>", "ReqdExctnDt/Dt"),
        (b"2019-12-03T13:01:00+00:00", b"yesterday", "CreDtTm"),
        (b"2019-12-03T13:01:00+00:00", b"20191203T130100", "CreDtTm"),
        (b"<CtrlSum>10<", b"<CtrlSum>1E+999999999<", "CtrlSum"),
        (b"<CtrlSum>10<", b"<CtrlSum>-10<", "CtrlSum"),
        (b"<NbOfTxs>1<", b"<NbOfTxs>one<", "NbOfTxs"),
        (b"<Id>12345678</Id>", b"<Id>12 34</Id>", "CdtrAcct"),
        (b"<Id>12345678</Id>", b"", "CdtrAcct"),
        (b"EndToEndId", b"EndToEnd", "PmtId"),
        (b"<PmtMtd>TRF<", b"<PmtMtd>CHK<", "PmtInf"),
        (b"pain.001.001.08", b"pain.001.001.99", "line 1"),
        (b"pain.001.001.08", b"pain.008.001.02", "line 1"),
        (b"</CstmrCdtTrfInitn>", b"", "line"),
        (b'encoding="UTF-8"', b'encoding="ISO-8859-1"', "line 1"),
        (b"Creditor account name", "口座".encode("shift_jis"), "line"),
    ],
)
async def test_a_broken_message_is_refused_with_where_and_pays_nothing(
    tmp_path: Path, before: bytes, after: bytes, where: str
) -> None:
    raw = foreign(FOREIGN).read_bytes()
    assert before in raw
    async with teller(tmp_path) as bank:
        await foreign_accounts(bank)
        answer = await bank.send(raw.replace(before, after))
        assert answer.status_code == 422
        assert where in answer.json()["errors"][0]["where"]
        assert await bank.balance("50000970") == "100.00"


@pytest.mark.parametrize(
    "doctype",
    [
        b'<!DOCTYPE D [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE D [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        b'<!DOCTYPE D SYSTEM "http://localhost/evil.dtd">',
        b"<!DOCTYPE D>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_are_refused_before_they_act(doctype: bytes, encoding: str) -> None:
    xml = (doctype.decode() + "<D>&x;</D>").encode(encoding)
    with pytest.raises(Problem, match="cannot be read") as refused:
        pain001.read(xml, "shop")
    assert refused.value.status == 422


@given(st.binary(max_size=300))
def test_any_bytes_are_a_message_or_a_problem(raw: bytes) -> None:
    with pytest.raises(Problem):
        pain001.read(raw, "shop")


@given(st.data())
def test_any_damage_to_a_message_is_a_message_or_a_problem(data: st.DataObject) -> None:
    raw = bytearray(message([Transaction()]))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw) - 1))
        cut = data.draw(st.integers(0, 40))
        raw[start : start + cut] = data.draw(st.binary(max_size=10))
        if not raw:
            break
    try:
        read = pain001.read(bytes(raw), "shop")
    except Problem as problem:
        assert problem.status == 422
        assert problem.faults
    else:
        assert read.orders


# --- what becomes of each transaction


async def test_each_transaction_is_settled_or_rejected_for_itself(
    tmp_path: Path, store_url: str
) -> None:
    xml = message(
        [
            Transaction("600", reference="one"),
            Transaction("500", reference="too-much"),
            Transaction("1", creditor="nobody", reference="unknown"),
            Transaction("1", currency="EUR", reference="euro"),
            Transaction("400", reference="rest"),
        ]
    )
    async with teller(tmp_path, store_url) as bank:
        report = await bank.send(xml)
        assert texts(report, "GrpSts") == texts(report, "PmtInfSts") == ["PART"]
        assert texts(report, "OrgnlEndToEndId") == ["one", "too-much", "unknown", "euro", "rest"]
        assert texts(report, "TxSts") == ["ACSC", "RJCT", "RJCT", "RJCT", "ACSC"]
        assert texts(report, "Cd") == ["AM04", "AC01", "AM03"]
        assert (await bank.balance("a"), await bank.balance("b")) == ("0", "1000")
        await bank.run.said.until(lambda said: len(said.events()) == 5)
        kinds = [event["type"].rpartition(".")[2] for event in bank.run.said.events()]
        assert kinds == ["settled", "rejected", "rejected", "rejected", "settled"]


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        (message([Transaction()], count=2), "AM18"),
        (message([Transaction()], control_sum="101"), "AM10"),
        (message([Transaction("0")], control_sum="0"), "AM01"),
        (message([Transaction()], debtor="nobody"), "AC02"),
        (message([Transaction()], day="2999-01-01"), "CH03"),
    ],
)
async def test_what_a_message_gets_wrong_is_told_by_code(
    tmp_path: Path, xml: bytes, code: str
) -> None:
    async with teller(tmp_path) as bank:
        report = await bank.send(xml)
        assert texts(report, "GrpSts") == ["RJCT"]
        assert texts(report, "Cd") == [code]
        assert await bank.balance("a") == "1000"


@pytest.mark.parametrize(("version", "report"), [("03", "03"), ("08", "08"), ("09", "10")])
async def test_every_version_is_answered_in_its_own(
    tmp_path: Path, version: str, report: str
) -> None:
    async with teller(tmp_path) as bank:
        answer = await bank.send(message([Transaction()], version=version))
        assert texts(answer, "GrpSts") == ["ACSC"]
        assert f"pain.002.001.{report}".encode() in answer.content
        assert texts(answer, "OrgnlMsgNmId") == [f"pain.001.001.{version}"]


async def test_nobody_debits_accounts_of_others_by_message(tmp_path: Path) -> None:
    async with teller(tmp_path) as bank:
        report = await bank.send(message([Transaction()]), client="other")
        assert (texts(report, "GrpSts"), texts(report, "Cd")) == (["RJCT"], ["AC02"])
        assert (await bank.send(message([Transaction()]), client="")).status_code == 403


async def test_a_message_sent_at_once_from_many_is_paid_once(
    tmp_path: Path, store_url: str
) -> None:
    xml = message([Transaction("10", reference=str(n)) for n in range(20)])
    async with teller(tmp_path, store_url) as bank:
        answers = await asyncio.gather(*(bank.send(xml) for _ in range(8)))
        assert {answer.status_code for answer in answers} <= {200, 409}
        assert texts(await bank.send(xml), "GrpSts") == ["ACSC"]
        assert await bank.balance("b") == "200"
        assert (await bank.check())["sound"] is True


def test_a_message_of_too_many_transactions_is_refused() -> None:
    many = message([Transaction()] * (pain001.MOST_TRANSACTIONS + 1))
    with pytest.raises(Problem) as refused:
        pain001.read(many, "shop")
    assert "at most" in refused.value.faults[0].fix

"""The building blocks of pain.001: parties, amounts, dates."""

from __future__ import annotations

import re
from datetime import date, datetime

from connectors.payments import money as amounts
from connectors.payments.money import Money
from connectors.payments.reader import Reader
from connectors.payments.rules import CITY
from connectors.payments.xml import Element
from schemas.payments import Party, PostalAddress

_ACCOUNT = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,32}[A-Za-z0-9])?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(Z|[+-]\d\d:\d\d)?", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,15}")


def count(text: str) -> int:
    if not _COUNT.fullmatch(text):
        raise ValueError("must be a whole number of at most 15 digits")
    return int(text)


def _shaped(shape: re.Pattern[str], text: str) -> str:
    """``text`` in XML Schema's form; Python would also take week dates and dates without dashes."""
    if not shape.fullmatch(text):
        raise ValueError(text)
    return text


def date_time(text: str) -> datetime:
    """ISODateTime; without an offset it is read in the city's time."""
    try:
        moment = datetime.fromisoformat(_shaped(_DATE_TIME, text))
    except ValueError:
        raise ValueError("must be a date and time such as 2026-04-01T09:00:00+09:00") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=CITY)
    if not 1970 <= moment.year <= 9000:
        raise ValueError("must be a year from 1970 to 9000")
    return moment


def day(text: str) -> date:
    try:
        return date.fromisoformat(_shaped(_DATE, text)[:10])
    except ValueError:
        raise ValueError("must be a date such as 2026-04-01") from None


def execution_date(reader: Reader, parent: Element) -> date | None:
    """``ReqdExctnDt``: a date in version 03, ``Dt`` or ``DtTm`` within it since 08."""
    found = reader.need(parent, "ReqdExctnDt")
    if found is None:
        return None
    for name in ("Dt", "DtTm"):
        inner = reader.find(found, name)
        if inner is not None:
            return reader.of(inner, day if name == "Dt" else _day_of_moment, None)
    return reader.of(found, day, None)


def _day_of_moment(text: str) -> date:
    return date_time(text).astimezone(CITY).date()


def money(reader: Reader, element: Element) -> Money:
    """``ActiveOrHistoricCurrencyAndAmount``."""
    currency = str(element.get("Ccy", ""))
    return reader.of(element, lambda text: amounts.parse(text, currency), Money(0, "XXX"))


def party(reader: Reader, parent: Element, role: str) -> Party:
    """``Dbtr`` or ``Cdtr`` with its account and agent."""
    return Party(
        name=reader.text(parent, f"{role}/Nm", 140),
        account=_account(reader, parent, role),
        agent=_bic(reader, parent, role),
        address=_address(reader, parent, role),
    )


def _account(reader: Reader, parent: Element, role: str) -> str:
    iban = reader.find(parent, f"{role}Acct/Id/IBAN")
    if iban is not None:
        return reader.of(iban, account_id, "", 34)
    return reader.value(parent, f"{role}Acct/Id/Othr/Id", account_id, "", 34)


def account_id(text: str) -> str:
    if not _ACCOUNT.fullmatch(text):
        raise ValueError("must be an account id of letters, digits and . _ -")
    return text


def _bic(reader: Reader, parent: Element, role: str) -> str | None:
    agent = reader.find(parent, f"{role}Agt/FinInstnId")
    return reader.text(agent, "BICFI", 11) or reader.text(agent, "BIC", 11)


def _address(reader: Reader, parent: Element, role: str) -> PostalAddress | None:
    found = reader.find(parent, f"{role}/PstlAdr")
    if found is None:
        return None
    return PostalAddress(
        street_name=reader.text(found, "StrtNm", 70),
        building_number=reader.text(found, "BldgNb", 16),
        post_code=reader.text(found, "PstCd", 16),
        town_name=reader.text(found, "TwnNm", 35),
        country=reader.text(found, "Ctry", 2),
        lines=tuple(reader.of(line, str, "", 70) for line in reader.all(found, "AdrLine")[:7])
        or None,
    )


def remittance(reader: Reader, parent: Element) -> str | None:
    found = reader.find(parent, "RmtInf")
    lines = [] if found is None else reader.all(found, "Ustrd")[:10]
    return "\n".join(reader.of(line, str, "", 140) for line in lines) or None

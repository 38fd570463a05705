"""What the payments API takes and gives. Amounts are decimal text; a JSON number is refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from connectors.payments.currencies import EXPONENTS
from connectors.payments.money import Money, parse
from schemas.ngsild import Value
from schemas.payments import AmountText, CurrencyCode, Payment

AccountId = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,32}[A-Za-z0-9])?$")
]
"""An IBAN, or another id of 1–34 characters (ISO 20022 ``Max34Text``)."""

_Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,140}$")]
_Id35 = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,35}$")]


def _active(currency: str) -> str:
    if currency not in EXPONENTS:
        raise ValueError(f"{currency} is not an active ISO 4217 currency code")
    return currency


_Currency = Annotated[CurrencyCode, AfterValidator(_active)]


def _readable(text: str, info: ValidationInfo) -> str:
    """Refuse an amount that its ``currency``, a field above it, cannot have."""
    if "currency" in info.data:
        parse(text, info.data["currency"])
    return text


class PaymentOrder(Value):
    """A credit transfer from the caller's account.

    Attributes:
        amount: in ``currency``, with at most its number of decimals.
        end_to_end_id: the payer's reference, which stays with the payment.
        remittance: what the payment is for, to the creditor.
    """

    creditor_account: AccountId
    currency: _Currency = Field(examples=["JPY"])
    amount: AmountText = Field(examples=["1200"])
    creditor_name: _Name | None = None
    end_to_end_id: _Id35 | None = None
    remittance: _Name | None = None

    @field_validator("amount")
    @classmethod
    def _more_than_nothing(cls, text: str, info: ValidationInfo) -> str:
        if _readable(text, info) and not text.strip("0."):
            raise ValueError("the amount is zero")
        return text

    @property
    def money(self) -> Money:
        return parse(self.amount, self.currency)


class ClientPaymentOrder(PaymentOrder):
    """A credit transfer from an account that belongs to the calling client."""

    debtor_account: AccountId
    debtor_name: _Name | None = None


class PaymentView(Payment):
    """A payment as the API answers it."""

    type: Literal["Payment"] = "Payment"


class PaymentPage(Value):
    items: list[PaymentView]
    total: int
    limit: int
    offset: int


class AccountOrder(Value):
    """An account as its operator wants it.

    Attributes:
        owner: the client that may debit it; empty for a resident's, debited through an ID link.
        opening_balance: taken from the currency's issuance account, so that the ledger's sum
            stays zero. Set once.
        overdraft: how far below zero the account may go.
    """

    owner: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{0,128}$")] = ""
    name: _Name
    currency: _Currency
    opening_balance: AmountText = "0"
    overdraft: AmountText = "0"

    @field_validator("opening_balance", "overdraft")
    @classmethod
    def _an_amount(cls, text: str, info: ValidationInfo) -> str:
        return _readable(text, info)

    @property
    def opening(self) -> Money:
        return parse(self.opening_balance, self.currency)

    @property
    def overdraft_limit(self) -> Money:
        return parse(self.overdraft, self.currency)


class AccountView(Value):
    """An account; ``balance`` is signed decimal text."""

    id: str
    owner: str
    name: str
    currency: str
    balance: str
    overdraft: str
    opened_at: AwareDatetime


class AccountPage(Value):
    items: list[AccountView]
    total: int
    limit: int
    offset: int


class Balance(Value):
    """What a resident's linked account holds."""

    account: str
    balance: str
    currency: str
    observed_at: AwareDatetime


class CurrencyCheck(Value):
    """One currency's books. Sound when both differences are zero and ``faults`` is empty.

    Attributes:
        sum: of all balances, the issuance account's among them.
        faults: accounts whose balance is not what their postings add up to, and settled payments
            without a posting, by id.
    """

    currency: str
    accounts: int
    postings: int
    sum: str
    faults: list[str]


class LedgerCheck(Value):
    sound: bool
    checked_at: AwareDatetime
    currencies: list[CurrencyCheck]

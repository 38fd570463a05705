"""Why a payment or a message is rejected: ISO 20022 ``ExternalStatusReason1Code``."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """The code, and in :attr:`text` what it means to the initiator."""

    UNKNOWN_DEBTOR = "AC02"
    UNKNOWN_ACCOUNT = "AC01"
    FORBIDDEN = "AG01"
    ZERO_AMOUNT = "AM01"
    AMOUNT_NOT_ALLOWED = "AM02"
    CURRENCY_NOT_ALLOWED = "AM03"
    INSUFFICIENT_FUNDS = "AM04"
    WRONG_CONTROL_SUM = "AM10"
    WRONG_COUNT = "AM18"
    DATE_TOO_FAR = "CH03"
    DUPLICATE_MESSAGE = "DU01"

    @property
    def text(self) -> str:
        return _TEXTS[self]


_TEXTS = {
    Reason.UNKNOWN_DEBTOR: "The debtor's account is not known here, or not yours to debit.",
    Reason.UNKNOWN_ACCOUNT: "The creditor's account is not known here.",
    Reason.FORBIDDEN: "No payment can be made from this account to that one.",
    Reason.ZERO_AMOUNT: "The amount is zero.",
    Reason.AMOUNT_NOT_ALLOWED: "The amount is more than the creditor's account can hold.",
    Reason.CURRENCY_NOT_ALLOWED: "An account is not kept in the payment's currency.",
    Reason.INSUFFICIENT_FUNDS: "The debtor's account does not hold this much.",
    Reason.WRONG_CONTROL_SUM: "CtrlSum is not the sum of the amounts.",
    Reason.WRONG_COUNT: "NbOfTxs is not the number of transactions.",
    Reason.DATE_TOO_FAR: "Payments are settled at once; send it again on the requested day.",
    Reason.DUPLICATE_MESSAGE: "Another message came with this MsgId; give each its own.",
}

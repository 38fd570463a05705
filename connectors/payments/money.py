"""Amounts: decimal text outside, whole minor units inside, never a binary fraction."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from connectors.payments.currencies import EXPONENTS

MOST: Final = 10**15
"""No single amount reaches this many minor units, so that sums of thousands fit 64 bits."""

_DECIMAL = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency.

    Attributes:
        minor: whole minor units (yen, pence, fils); negative only for balances and differences.
        currency: ISO 4217 code.
    """

    minor: int
    currency: str

    def __str__(self) -> str:
        """Decimal text in the currency's own number of decimals: ``"1200"``, ``"10.00"``."""
        exponent = EXPONENTS[self.currency]
        sign, digits = "-" if self.minor < 0 else "", str(abs(self.minor))
        if not exponent:
            return sign + digits
        digits = digits.rjust(exponent + 1, "0")
        return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"


def parse(text: str, currency: str) -> Money:
    """Read decimal text.

    Raises:
        ValueError: not a decimal number, more decimals than the currency has (ISO 20022 rule
            *CurrencyAmount*), too large, or no such currency; the message says which.
    """
    exponent = EXPONENTS.get(currency)
    if exponent is None:
        raise ValueError(f"{currency!r} is not an active ISO 4217 currency code.")
    found = _DECIMAL.fullmatch(text)
    if not found or not text.isascii():
        raise ValueError(f"{text[:40]!r} is not a decimal number such as 1200 or 10.50.")
    whole, fraction = found[1], found[2] or ""
    if len(fraction) > exponent:
        raise ValueError(f"{text} has more decimals than {currency}, which has {exponent}.")
    minor = int(whole + fraction.ljust(exponent, "0"))
    if minor >= MOST:
        raise ValueError(f"{text} {currency} is more than one payment may carry.")
    return Money(minor, currency)

"""Any mixture of payments, retries and messages, at once: the books hold."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.connectors.payments.messages import Transaction, message
from tests.connectors.payments.teller import Teller, teller

ACCOUNTS = ("a", "b", "c")

payments = st.tuples(
    st.just("pay"),
    st.sampled_from([f"key-{n}" for n in range(4)]),
    st.sampled_from(ACCOUNTS),
    st.sampled_from((*ACCOUNTS, "nobody")),
    st.sampled_from(["1", "400", "999", "1001"]),
)
batches = st.tuples(
    st.just("batch"),
    st.sampled_from(["m-1", "m-2"]),
    st.sampled_from(ACCOUNTS),
    st.sampled_from(ACCOUNTS),
    st.sampled_from(["1", "350"]),
)


async def act(bank: Teller, what: tuple[str, str, str, str, str]) -> tuple[str, str] | None:
    """Do one thing; the key and the payment that it was answered with."""
    kind, key, debtor, creditor, amount = what
    if kind == "batch":
        transactions = [Transaction(amount, creditor=creditor)] * 2
        answer = await bank.send(message(transactions, id_=key, debtor=debtor))
        assert answer.status_code in (200, 409), answer.text
        return None
    answer = await bank.pay(key, amount, debtorAccount=debtor, creditorAccount=creditor)
    assert answer.status_code in (201, 409, 422), answer.text
    made = answer.json().get("paymentId")
    return (key, made) if made else None


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(payments | batches, min_size=1, max_size=6), min_size=1, max_size=4))
async def test_whatever_comes_at_once_the_books_hold(
    rounds: list[list[tuple[str, str, str, str, str]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with teller(Path(folder)) as bank:
            await bank.open("c", "500", owner="shop")
            answers = []
            for together in rounds:
                answers += await asyncio.gather(*(act(bank, what) for what in together))
            made = {answer for answer in answers if answer}
            assert len(made) == len({key for key, _ in made})  # one payment a key
            balances = [int(await bank.balance(account)) for account in ACCOUNTS]
            assert sum(balances) == 1500
            assert min(balances) >= 0
            assert (await bank.check())["sound"] is True

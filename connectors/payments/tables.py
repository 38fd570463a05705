"""The ledger's tables, and what the database itself refuses.

A *posting* is one row that takes from one account and gives the same to another: there is no half
of it to lose, so what the ledger holds sums to zero by construction. Both accounts must exist in
the posting's currency (composite foreign keys), a payment is posted at most once (unique), a key
makes one payment (unique), and no balance passes its overdraft (check), whatever a program does.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

_POSITION = BigInteger().with_variant(Integer, "sqlite")


@dataclass(frozen=True)
class Tables:
    accounts: Table
    payments: Table
    postings: Table
    messages: Table


def ledger_tables(metadata: MetaData) -> Tables:
    return Tables(
        accounts=_accounts(metadata),
        payments=_payments(metadata),
        postings=_postings(metadata),
        messages=_messages(metadata),
    )


def _accounts(metadata: MetaData) -> Table:
    return Table(
        "accounts",
        metadata,
        Column("id", String(34), primary_key=True),  # as long as an IBAN may be
        Column("owner", String(128), nullable=False, index=True),  # client id, or empty
        Column("name", String(140), nullable=False),
        Column("currency", String(3), nullable=False),
        Column("opening", BigInteger, nullable=False),
        Column("overdraft", BigInteger),  # minor units below zero; NULL: without limit
        Column("balance", BigInteger, nullable=False),
        Column("opened", BigInteger, nullable=False),  # microseconds since the epoch
        UniqueConstraint("id", "currency"),
        CheckConstraint("overdraft IS NULL OR balance + overdraft >= 0", name="no_overdraft"),
    )


def _payments(metadata: MetaData) -> Table:
    return Table(
        "payments",
        metadata,
        Column("position", _POSITION, primary_key=True),
        Column("id", String(32), nullable=False, unique=True),
        Column("client", String(128), nullable=False),
        Column("subject", String(128), nullable=False, index=True),  # pseudonym, or empty
        Column("key", String(255)),  # Idempotency-Key; NULL for those of a message
        Column("fingerprint", LargeBinary(32), nullable=False),
        Column("status", String(4), nullable=False),
        Column("reason", String(4)),
        Column("amount", BigInteger, nullable=False),
        Column("currency", String(3), nullable=False),
        Column("debtor_account", String(34), nullable=False, index=True),
        Column("creditor_account", String(34), nullable=False, index=True),
        Column("instruction", JSON, nullable=False),  # as the initiator gave it
        Column("message_id", String(35)),  # of the pain.001 it came in
        Column("requested", BigInteger, nullable=False),
        Column("decided", BigInteger, nullable=False),
        CheckConstraint("amount >= 0", name="no_negative_amount"),
        UniqueConstraint("client", "subject", "key", name="one_payment_per_key"),
        sqlite_autoincrement=True,
    )


def _postings(metadata: MetaData) -> Table:
    postings = Table(
        "postings",
        metadata,
        Column("position", _POSITION, primary_key=True),
        Column("payment", String(32), ForeignKey("payments.id"), unique=True),  # NULL: opening
        Column("debit", String(34), nullable=False),
        Column("credit", String(34), nullable=False),
        Column("amount", BigInteger, nullable=False),
        Column("currency", String(3), nullable=False),
        Column("posted", BigInteger, nullable=False),
        ForeignKeyConstraint(["debit", "currency"], ["accounts.id", "accounts.currency"]),
        ForeignKeyConstraint(["credit", "currency"], ["accounts.id", "accounts.currency"]),
        # of the table, not of the column: Alembic writes no version of a column's
        CheckConstraint("amount > 0", name="something_moves"),
        CheckConstraint("debit <> credit", name="two_accounts"),
        sqlite_autoincrement=True,
    )
    Index("postings_by_debit", postings.c.debit)
    Index("postings_by_credit", postings.c.credit)
    return postings


def _messages(metadata: MetaData) -> Table:
    return Table(
        "messages",
        metadata,
        Column("client", String(128), primary_key=True),
        Column("id", String(35), primary_key=True),  # GrpHdr/MsgId
        Column("fingerprint", LargeBinary(32), nullable=False),
        Column("answer", LargeBinary, nullable=False),  # the pain.002 given
        Column("received", BigInteger, nullable=False),
    )

"""The audit log in the store: appended to in the transaction of what it tells, and only there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.audit import uses
from gateway.control.audit.checkpoint import Signer
from gateway.control.audit.event import PLATFORM, AuditEvent, seal_hash
from gateway.control.audit.merkle import Node, Span, Tree, cover, fold, leaf_hash
from schemas.kit.envelope import Envelopes, Key
from schemas.kit.store import Store

_LOCK: Final = "audit"


class AuditLog:
    """One Merkle tree, grown by all processes of the control plane.

    Args:
        signer: signs the tree after every transaction that made it grow.
        envelopes: the residents' keys, by their pseudonyms of the sector ``audit``.
    """

    def __init__(self, store: Store, signer: Signer, envelopes: Envelopes) -> None:
        self._store = store
        self.signer = signer
        self.envelopes = envelopes

    async def append(self, connection: AsyncConnection, *events: AuditEvent) -> None:
        """Record events; they are there exactly when the transaction is committed.

        From here to the commit other transactions that append wait, for a tree has one right edge.
        """
        if not events:
            return
        await self._store.serialise(connection, _LOCK)
        tree = await self._edge(connection)
        subjects = {event.subject for event in events} - {""}
        keys = await self.envelopes.keys(connection, subjects) if subjects else {}
        rows, nodes = [], []
        for event in events:
            row, entry = _row(tree.size, event, keys)
            rows.append(row)
            for (level, index), digest in tree.add(leaf_hash(entry)):
                nodes.append({"level": level, "position": index, "hash": digest})
        note = self.signer.sign(tree.size, tree.root, events[-1].at)
        await connection.execute(insert(tables.audit_events), rows)
        await connection.execute(insert(tables.audit_nodes), nodes)
        checkpoint = {"size": tree.size, "note": note}
        await connection.execute(insert(tables.audit_checkpoints).values(**checkpoint))
        await uses.count(self._store, connection, events)

    async def forget(self, connection: AsyncConnection, subject: str, at: int) -> int:
        """Erase what the log has of a resident: the key, and what was sealed with it.

        The entries stay, and with them every proof. That it was done, and to how many of them, is
        an event (``resident.erase``): so nobody can pass a hole off as an erasure.

        Args:
            at: milliseconds since the epoch.

        Returns:
            How many events cannot be read any more.
        """
        await self._store.serialise(connection, _LOCK)
        table = tables.audit_events
        if not await self.envelopes.destroy(connection, subject, at // 1000):
            return 0
        gone = update(table).where(table.c.subject == subject).values(subject="", sealed=None)
        count = (await connection.execute(gone)).rowcount
        event = AuditEvent(at, PLATFORM, "resident.erase", detail={"events": count})
        await self.append(connection, event)
        return count

    async def _edge(self, connection: AsyncConnection) -> Tree:
        size = await newest_size(connection)
        hashes = await _hashes(connection, cover((0, size)))
        return Tree(size, hashes)

    async def span_hashes(self, connection: AsyncConnection, spans: Sequence[Span]) -> list[bytes]:
        """The hash of each span of leaves, which must all be there."""
        covers = [cover(span) for span in spans]
        found = iter(await _hashes(connection, [node for nodes in covers for node in nodes]))
        return [fold([next(found) for _ in nodes]) for nodes in covers]


def _row(
    number: int, event: AuditEvent, keys: Mapping[str, Key | None]
) -> tuple[dict[str, Any], bytes]:
    """An event as it is stored, and its leaf."""
    subject, sealed = event.subject, None
    if not subject:
        entry = event.entry()
    elif (key := keys[subject]) is None:  # late news of somebody whose data was erased
        subject, entry = "", event.entry("")
    else:
        part = event.sealed_part()
        digest = seal_hash(part)
        entry, sealed = event.entry(digest), key.seal(part, digest.encode())
    row = {"number": number, "at": event.at, "client": event.client, "action": event.action}
    return {**row, "subject": subject, "entry": entry.decode(), "sealed": sealed}, entry


async def newest_size(connection: AsyncConnection) -> int:
    """How many events the newest checkpoint is over."""
    table = tables.audit_checkpoints
    found = await connection.scalar(select(table.c.size).order_by(table.c.size.desc()).limit(1))
    return int(found or 0)


async def _hashes(connection: AsyncConnection, nodes: Sequence[Node]) -> list[bytes]:
    table = tables.audit_nodes
    held: dict[Node, bytes] = {}
    wanted = list(dict.fromkeys(nodes))
    for start in range(0, len(wanted), 300):
        part = wanted[start : start + 300]
        rows = await connection.execute(
            select(table).where(tuple_(table.c.level, table.c.position).in_(part))
        )
        held |= {(row.level, row.position): row.hash for row in rows}
    return [held[node] for node in nodes]

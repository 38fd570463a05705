"""The audit log in the store: appended to in the transaction of what it tells, and only there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.audit.checkpoint import Signer
from gateway.control.audit.event import AuditEvent
from gateway.control.audit.merkle import Node, Span, Tree, cover, fold, leaf_hash
from schemas.kit.store import Store

_LOCK: Final = "audit"


class AuditLog:
    """One Merkle tree, grown by all processes of the control plane.

    Args:
        signer: signs the tree after every transaction that made it grow.
    """

    def __init__(self, store: Store, signer: Signer) -> None:
        self._store = store
        self.signer = signer

    async def append(self, connection: AsyncConnection, *events: AuditEvent) -> None:
        """Record events; they are there exactly when the transaction is committed.

        From here to the commit other transactions that append wait, for a tree has one right edge.
        """
        if not events:
            return
        await self._store.serialise(connection, _LOCK)
        tree = await self._edge(connection)
        rows, nodes = [], []
        for event in events:
            entry = event.entry()
            rows.append(
                {
                    "number": tree.size,
                    "at": event.at,
                    "client": event.client,
                    "action": event.action,
                    "subject": event.subject,
                    "entry": entry.decode(),
                }
            )
            for (level, index), digest in tree.add(leaf_hash(entry)):
                nodes.append({"level": level, "position": index, "hash": digest})
        note = self.signer.sign(tree.size, tree.root, events[-1].at)
        await connection.execute(insert(tables.audit_events), rows)
        await connection.execute(insert(tables.audit_nodes), nodes)
        checkpoint = {"size": tree.size, "note": note}
        await connection.execute(insert(tables.audit_checkpoints).values(**checkpoint))

    async def _edge(self, connection: AsyncConnection) -> Tree:
        size = await newest_size(connection)
        hashes = await _hashes(connection, cover((0, size)))
        return Tree(size, hashes)

    async def span_hashes(self, connection: AsyncConnection, spans: Sequence[Span]) -> list[bytes]:
        """The hash of each span of leaves, which must all be there."""
        covers = [cover(span) for span in spans]
        found = iter(await _hashes(connection, [node for nodes in covers for node in nodes]))
        return [fold([next(found) for _ in nodes]) for nodes in covers]


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

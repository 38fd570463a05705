"""Tenants (GS CIM 009 §4.14): isolated from each other, brought into being by what they store."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.store import Store
from services.broker.context.errors import NonexistentTenant
from services.broker.context.tables import tenants

DEFAULT_TENANT: Final = ""
"""The one that is always there, and that requests without ``NGSILD-Tenant`` mean."""


class Tenants:
    """The tenants that there are; one that was seen once is never asked for again.

    Args:
        store: where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen = {DEFAULT_TENANT}

    async def check(self, connection: AsyncConnection, tenant: str) -> None:
        """Let the operation go on when there is such a tenant.

        Raises:
            NonexistentTenant: there is none (§5.5.10).
        """
        if tenant in self._seen:
            return
        query = select(tenants.c.name).where(tenants.c.name == tenant)
        if (await connection.execute(query)).first() is None:
            raise NonexistentTenant(
                f"There is no tenant {tenant}: the first entity or subscription that is created in"
                " it brings it into being."
            )
        self._seen.add(tenant)

    async def create(self, connection: AsyncConnection, tenant: str, now: str) -> None:
        """Bring a tenant into being in the caller's transaction, where it is not there yet."""
        if tenant not in self._seen:
            row = self._store.insert(tenants).values(name=tenant, created=now)
            await connection.execute(row.on_conflict_do_nothing())

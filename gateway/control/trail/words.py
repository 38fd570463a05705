"""What clients, data sets and purposes are called, in the language of who reads."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.state import Control
from schemas.purposes import purpose_of


async def client_names(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, str]:
    """Names by id, with whose they are; a client that is no more keeps its id."""
    table = tables.clients
    wanted = set(ids)
    query = select(table.c.client_id, table.c.name, table.c.organisation)
    rows = await connection.execute(query.where(table.c.client_id.in_(wanted)))
    names = {
        row.client_id: f"{row.name} ({row.organisation})" if row.organisation else row.name
        for row in rows
    }
    return {one: names.get(one, one) for one in wanted}


def dataset_titles(control: Control, language: str) -> dict[str, str]:
    """Titles of the catalogue, by id."""
    return {
        dataset.id: dataset.called(language)
        for api in control.publisher.current.apis
        for dataset in api.info.datasets
    }


def purpose_words(purpose: str, language: str) -> str:
    found = purpose_of(purpose)
    return str(getattr(found, language)) if found else purpose

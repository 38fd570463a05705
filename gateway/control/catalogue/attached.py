"""Attached APIs as the store has them: where the document is, and the last good one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.policy.territory import Territory, territory
from schemas.problem import Conflict, Fault

MOST_ADDRESSES: Final = 64
"""Of one API; more are behind one name."""

State = Literal["attached", "waiting", "unreachable", "refused"]


@dataclass(frozen=True, slots=True)
class Attached:
    """One attached API.

    Attributes:
        addresses: ``host:port`` of each process of the upstream.
        document: the last good document, JSON text; empty until there was one.
        error: why the newest fetch failed; empty when it did not.
        findings: why the newest document was refused; the last good one stays in force.
    """

    name: str
    document_url: str
    addresses: tuple[str, ...]
    internal: bool
    attached: int
    document: str = ""
    etag: str = ""
    fetched: int = 0
    error: str = ""
    findings: tuple[Fault, ...] = ()

    @property
    def territory(self) -> Territory:
        return territory(self.name, internal=self.internal)

    @property
    def origins(self) -> tuple[str, ...]:
        """Origins that mean this API when its document names servers."""
        own = (f"http://{address}" for address in self.addresses)
        return (*own, origin(self.document_url))

    @property
    def state(self) -> State:
        if self.findings:
            return "refused"
        if self.error:
            return "unreachable"
        return "attached" if self.document else "waiting"


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def upstream_address(document_url: str, upstream: str = "") -> str:
    """``host:port`` of the upstream: of ``upstream``, else of where its document is.

    Raises:
        ValueError: not plain http, which is how the gateway speaks inside.
    """
    parts = urlsplit(upstream or document_url)
    if parts.scheme != "http" or not parts.hostname or parts.username or parts.password:
        raise ValueError(
            "the gateway reaches APIs by plain http inside the city's network: "
            "give an upstream like http://app.internal:8080"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{host}:{parts.port or 80}"


def upstream_addresses(document_url: str, upstream: str | Sequence[str] = "") -> tuple[str, ...]:
    """The same for one or several upstreams, each named once.

    Raises:
        ValueError: one of them is not plain http.
    """
    urls = [upstream] if isinstance(upstream, str) else upstream or [""]
    return tuple(dict.fromkeys(upstream_address(document_url, url) for url in urls))


async def find_all(connection: AsyncConnection) -> list[Attached]:
    rows = await connection.execute(select(tables.apis).order_by(tables.apis.c.name))
    return [_read(row) for row in rows.mappings()]


async def find(connection: AsyncConnection, name: str) -> Attached | None:
    query = select(tables.apis).where(tables.apis.c.name == name)
    row = (await connection.execute(query)).mappings().one_or_none()
    return _read(row) if row else None


async def add(connection: AsyncConnection, api: Attached) -> None:
    """Raises:
    Conflict: the name is taken.
    """
    try:
        await connection.execute(insert(tables.apis).values(**_write(api)))
    except IntegrityError as error:
        raise Conflict(
            f"There is an API {api.name!r} already: detach it first, or choose another name."
        ) from error


async def replace(connection: AsyncConnection, api: Attached) -> None:
    """Store the API's new state; nothing happens when it has been detached meanwhile."""
    table = tables.apis
    await connection.execute(update(table).where(table.c.name == api.name).values(**_write(api)))


async def remove(connection: AsyncConnection, name: str) -> bool:
    """Whether there was one."""
    done = await connection.execute(delete(tables.apis).where(tables.apis.c.name == name))
    return bool(done.rowcount)


def _write(api: Attached) -> dict[str, Any]:
    row = asdict(api)
    row["address"] = ",".join(row.pop("addresses"))
    return {**row, "findings": _dump(api.findings)}


def _read(row: Any) -> Attached:
    findings = tuple(Fault(**one) for one in json.loads(row["findings"]))
    values = dict(row)
    addresses = tuple(values.pop("address").split(","))
    return Attached(**{**values, "addresses": addresses, "findings": findings})


def _dump(findings: Iterable[Fault]) -> str:
    return json.dumps([fault.as_json() for fault in findings])

"""What the store's server takes beside the broker, where it is a PostgreSQL on this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from loadtests.peers import measure


def server(store_url: str) -> int:
    """The process that all of PostgreSQL's others are children of; 0 where there is none here."""
    url = make_url(store_url)
    if not url.drivername.startswith("postgresql"):
        return 0
    return asyncio.run(_parent(url.set(drivername="postgresql").render_as_string(False)))


async def _parent(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        found = _stat(await connection.fetchval("SELECT pg_backend_pid()"), "postgres")
        return int(found[1]) if found else 0
    finally:
        await connection.close()


def cpu_seconds(process: int) -> float:
    """User and system time of a server's processes that there are; 0 for none."""
    ticks = 0
    for pid in measure.family(process) if process else ():
        if found := _stat(pid):  # its helpers come and go
            ticks += int(found[11]) + int(found[12])
    return ticks / measure.TICK


def _stat(pid: int, name: str = "") -> list[str]:
    """The fields of a process behind its name; none where it is gone, or another's."""
    try:
        before, _, after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    except OSError:
        return []
    return after.split() if name in before else []

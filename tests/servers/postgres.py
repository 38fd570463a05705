"""PostgreSQL from Debian's package ``postgresql``, and fresh databases on any PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from tests.servers.child import run
from tests.servers.local import LocalServer
from tests.servers.missing import Missing
from tests.servers.ports import free_ports


class PostgresServer(LocalServer):
    """A PostgreSQL cluster; never run as root, since the server refuses that."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast shutdown": do not wait for clients
    death_signal = signal.SIGINT

    def __init__(self) -> None:
        super().__init__()
        self.port = free_ports(1)[0]
        self.user = _unprivileged_user()
        if self.user:
            entry = pwd.getpwnam(self.user)
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://supercity@127.0.0.1:{self.port}/postgres"

    def database(self) -> str:
        """URL of a new, empty database."""
        return create_database(self.url)

    def prepare(self) -> None:
        run(
            [
                str(binaries() / "initdb"),
                f"--pgdata={self._data}",
                "--username=supercity",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
                "--no-instructions",
            ],
            log=self.log("initdb"),
            user=self.user,
        )

    def commands(self) -> dict[str, Sequence[str]]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            # a killed process loses nothing without fsync; only a power cut would
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": "200",
        }
        options = [x for k, v in settings.items() for x in ("-c", f"{k}={v}")]
        return {"postgres": [str(binaries() / "postgres"), "-D", str(self._data), *options]}

    def answers(self) -> bool:
        ready = [str(binaries() / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(ready, check=False).returncode == 0

    @property
    def _data(self) -> Path:
        return self.folder / "data"


def binaries() -> Path:
    """The folder with ``initdb``, ``postgres`` and ``pg_isready``, of the newest version here."""
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(versions, key=lambda path: int(path.parts[-3]), default=None)
    if newest:
        return newest.parent
    found = shutil.which("initdb")
    if not found:
        raise Missing("postgresql")
    return Path(found).resolve().parent


def create_database(url: str) -> str:
    """Create an empty database beside the one that ``url`` names, and return its URL."""
    name = f"test_{uuid.uuid4().hex}"
    _execute(url, f'CREATE DATABASE "{name}" TEMPLATE template0')
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


_EMPTY = """
DO $$ DECLARE name text; BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    FOR name IN SELECT nspname FROM pg_namespace
        WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', name);
    END LOOP;
    CREATE SCHEMA public;
END $$
"""


def empty_database(url: str) -> None:
    """Drop all that is in a database, and end the connections to it."""
    _execute(url, _EMPTY)


def _execute(url: str, statement: str) -> None:
    plain = urlunsplit(urlsplit(url)._replace(scheme="postgresql"))

    async def execute() -> None:
        connection = await asyncpg.connect(plain)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    # In a thread of its own, as the calling test may be running an event loop already.
    with ThreadPoolExecutor(1) as worker:
        worker.submit(asyncio.run, execute()).result()


def _unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"

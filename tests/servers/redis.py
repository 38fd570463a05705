"""Redis from Debian's package ``redis-server``."""

from __future__ import annotations

import itertools
import shutil
import socket
from collections.abc import Sequence

from tests.servers.local import LocalServer
from tests.servers.missing import Missing
from tests.servers.ports import free_ports


class RedisServer(LocalServer):
    """A Redis whose append-only file survives a kill."""

    name = "redis"

    def __init__(self) -> None:
        super().__init__()
        self.port = free_ports(1)[0]
        self._numbers = itertools.count()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def database(self) -> str:
        """URL of a database number that nobody has had yet."""
        return f"redis://127.0.0.1:{self.port}/{next(self._numbers)}"

    def prepare(self) -> None:
        binary()

    def commands(self) -> dict[str, Sequence[str]]:
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes",
            "databases": "1000",
        }
        return {"redis": [binary(), *(x for k, v in options.items() for x in (f"--{k}", v))]}

    def answers(self) -> bool:
        """This very process answers; another one may hold the port while ours is failing."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"INFO server\r\n")
                said = connection.recv(4096)
        except OSError:
            return False
        return any(b"process_id:%d\r" % pid in said for pid in self.pids())


def binary() -> str:
    found = shutil.which("redis-server")
    if not found:
        raise Missing("redis-server")
    return found

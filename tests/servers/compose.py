"""Test servers in containers, where a Docker engine answers."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Self

from tests.servers.ports import free_ports
from tests.servers.postgres import create_database

_FILE = Path(__file__).resolve().parent / "compose.yaml"
_URLS = {
    "kafka": "kafka://127.0.0.1:{port}",
    "postgres": "postgresql+asyncpg://supercity@127.0.0.1:{port}/postgres",
    "redis": "redis://127.0.0.1:{port}/0",
}
_projects = itertools.count()


@cache
def docker_answers() -> bool:
    """Whether an engine answers here, with the Compose plug-in."""
    if not shutil.which("docker"):
        return False
    asked = (["docker", "info"], ["docker", "compose", "version"])
    return all(_succeeds(command) for command in asked)


def pull(*services: str) -> None:
    """Fetch the images, so that no test waits for a download."""
    command = ["docker", "compose", "--file", str(_FILE), "pull", *services]
    subprocess.run(command, check=True, env={**os.environ, "PORT": "0"})


class ComposeServer:
    """One service of ``compose.yaml``; the same verbs as :class:`~tests.servers.LocalServer`."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.port = free_ports(1)[0]
        self._project = f"supercity-test-{os.getpid()}-{next(_projects)}"
        self._numbers = itertools.count()
        atexit.register(self.stop)

    @property
    def url(self) -> str:
        return _URLS[self.service].format(port=self.port)

    def database(self) -> str:
        """URL of an empty database of its own (PostgreSQL, Redis)."""
        if self.service == "postgres":
            return create_database(self.url)
        return f"redis://127.0.0.1:{self.port}/{next(self._numbers)}"

    def start(self) -> Self:
        self._compose("up", "--detach", "--wait", self.service)
        return self

    def kill(self) -> None:
        self._compose("kill", "--signal", "SIGKILL", self.service)

    def restart(self) -> None:
        self.kill()
        self.start()

    def stop(self) -> None:
        atexit.unregister(self.stop)
        self._compose("down", "--volumes", "--timeout", "10")

    def _compose(self, *arguments: str) -> None:
        command = ["docker", "compose", "--file", str(_FILE), "--project-name", self._project]
        done = subprocess.run(
            [*command, *arguments],
            env={**os.environ, "PORT": str(self.port)},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"docker compose {' '.join(arguments)}:\n{done.stderr}")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def _succeeds(command: list[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, timeout=15, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0

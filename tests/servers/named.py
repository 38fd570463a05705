"""Servers that are running already, named by a URL in the environment."""

from __future__ import annotations

import os
from urllib.parse import urlsplit, urlunsplit

import redis

from tests.servers.postgres import create_database


def named_url(service: str) -> str | None:
    """``SUPERCITY_TEST_<SERVICE>_URL``, or None where it is not set."""
    return os.environ.get(f"SUPERCITY_TEST_{service.upper()}_URL") or None


class NamedServer:
    """A server that others run: the tests neither start nor stop it."""

    def __init__(self, service: str, url: str) -> None:
        self.service = service
        self.url = url

    def database(self) -> str:
        """URL of an empty database (PostgreSQL: a new one; Redis: the worker's, emptied)."""
        if self.service == "postgres":
            return create_database(self.url)
        url = urlunsplit(urlsplit(self.url)._replace(path=f"/{_worker()}"))
        with redis.Redis.from_url(url) as client:
            client.flushdb()
        return url

    def __enter__(self) -> NamedServer:
        return self

    def __exit__(self, *_: object) -> None:
        """Left as it is."""


def _worker() -> int:
    """This pytest-xdist worker's number; 0 without xdist."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))

"""Disks that are slow, full, or broken, as a test says."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import orjson

from gateway.core.bounds import Bounds
from gateway.core.trail import lines
from gateway.core.trail.files import DiskFile
from gateway.core.trail.trail import Trail
from tests.gateway.core.city import Api, Gateway, Handler, api, gateway, route, snapshot, token

PATH = "/residents/me/records"
RECORDS = "/residents/{resident}/records"
ROUTES = [
    route("/open", access="open"),
    route(
        "/residents/{resident}/records", access="personal", subject="resident", dataset="records"
    ),
    route("/mine", access="personal", dataset="records", upgrade="websocket"),
    route("/told", access="personal", dataset="records", stream=True),
]


@dataclass
class Disk:
    """Makes files that obey it.

    Attributes:
        fails: what writing and syncing fail with, an ``errno``; 0 while they do not.
        gate: set while syncing returns.
    """

    fails: int = 0
    tears: bool = False
    gate: Event = field(default_factory=Event)
    syncs: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    def create(self, path: Path) -> _File:
        return _File(path, self)


class _File(DiskFile):
    def __init__(self, path: Path, disk: Disk) -> None:
        super().__init__(path)
        self._disk = disk

    def write(self, data: bytes) -> None:
        if self._disk.fails == errno.ENOSPC:
            if self._disk.tears:
                super().write(data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "no space left on device")
        super().write(data)

    def sync(self) -> None:
        self._disk.gate.wait(10)
        self._disk.syncs += 1
        if self._disk.fails:
            raise OSError(self._disk.fails, "the disk is broken")
        super().sync()


@dataclass
class Noting:
    """A core whose accesses are written down."""

    city: Gateway
    behind: Api
    trail: Trail

    def bearer(self, resident: str = "hanako") -> str:
        return token("mobility:read", resident)


@asynccontextmanager
async def noting(
    folder: Path, disk: Disk | None = None, handler: Handler | None = None, most: int = 10**9
) -> AsyncIterator[Noting]:
    trail = Trail(folder, create=(disk or Disk()).create, again=0.02, most=most)
    async with api(handler) as behind:
        bounds = Bounds(tick=0.02, linger=0.5)
        policy = snapshot(behind.port, routes=ROUTES)
        async with gateway(policy, bounds=bounds, trail=trail) as city:
            yield Noting(city, behind, trail)


def noted(folder: Path) -> list[dict[str, object]]:
    """All accesses that are on disk, of all journals, with what they came to."""
    found: dict[tuple[Path, int], dict[str, object]] = {}
    for path in sorted(folder.glob("[!.]*/*.journal")):
        read, _ = lines.read(path.read_bytes())
        for line in read:
            assert line is not None
            if line.status is None:
                found[path.parent, line.number] = orjson.loads(line.said)
            elif line.number >= 0:
                found[path.parent, line.number]["status"] = line.status
    return list(found.values())

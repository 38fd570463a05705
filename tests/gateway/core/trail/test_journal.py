"""Lines go out together, and nothing is written by itself that nobody waits for."""

from __future__ import annotations

import asyncio
from pathlib import Path

from gateway.core.trail.files import Folder
from gateway.core.trail.journal import Journal
from tests.gateway.core.trail.disks import Disk


async def on_disk(journal: Journal, line: bytes, after: bytes = b"") -> bool:
    """Append a line, wait for it, and mention another as soon as it is there."""
    done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def settled(written: bool) -> None:
        if after:
            journal.mention(after)
        done.set_result(written)

    journal.append(line, settled)
    return await done


async def test_what_an_access_came_to_goes_with_the_next_one_and_not_alone(tmp_path: Path) -> None:
    disk = Disk()
    journal = Journal(Folder.create(tmp_path, "one"), create=disk.create)
    for _ in range(10):
        assert await on_disk(journal, b"access\n", after=b"outcome\n")
    assert disk.syncs == 10, "one after the other each costs one write"
    await journal.close(5)
    assert disk.syncs == 11, "and the last outcome one more, at the end"
    assert (tmp_path / "one" / "00000001.journal").read_bytes() == b"access\noutcome\n" * 10


async def test_what_comes_while_the_disk_writes_goes_out_together(tmp_path: Path) -> None:
    disk = Disk()
    disk.gate.clear()
    journal = Journal(Folder.create(tmp_path, "one"), create=disk.create)
    first = asyncio.create_task(on_disk(journal, b"1"))
    while not journal.since:
        await asyncio.sleep(0)
    others = [asyncio.create_task(on_disk(journal, b"2")) for _ in range(50)]
    await asyncio.sleep(0)
    disk.gate.set()
    assert all(await asyncio.gather(first, *others))
    assert disk.syncs == 2
    await journal.close(5)

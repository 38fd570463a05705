"""What workers have written down reaches the control plane, once each, whatever happens."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio import StreamReader, StreamWriter
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from gateway.core.trail import lines
from gateway.core.trail.files import Folder, journals
from gateway.journal import Shipper
from tests.gateway.core.city import Api, api, read_request, until
from tests.gateway.core.trail.disks import PATH, noted, noting

AT = 1_764_000_000_000


@dataclass
class Books:
    """The control plane, as far as a shipper knows it."""

    taken: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    down: bool = False
    forgetful: int = 0
    """Answers that get lost."""

    async def answer(self, behind: Api, reader: StreamReader, writer: StreamWriter) -> None:
        head = await read_request(behind, reader)
        assert head.startswith(b"POST /internal/accesses ")
        assert behind.head("x-city-gateway-key") == "key"
        if self.down:
            writer.write(b"HTTP/1.1 503 X\r\ncontent-length: 2\r\n\r\n{}")
            return
        said = orjson.loads(behind.bodies[-1])
        held = self.taken.setdefault(said["journal"], [])
        held += said["accesses"][len(held) - said["first"] :]
        if self.forgetful:
            self.forgetful -= 1
            writer.transport.abort()
            return
        body = orjson.dumps({"next": len(held)})
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    def requests(self) -> list[object]:
        return [access["request"] for held in self.taken.values() for access in held]


async def test_what_was_answered_is_shipped_once_and_in_order(tmp_path: Path) -> None:
    books = Books(down=True)
    async with api(books.answer) as control, noting(tmp_path) as one:
        shipper = Shipper(one.trail, f"http://127.0.0.1:{control.port}", b"key")
        ids = [(await one.city.get(PATH, one.bearer())).fields["x-request-id"] for _ in range(3)]
        assert one.trail.journal is not None
        one.trail.journal.flush()
        await until(lambda: one.trail.journal and not one.trail.journal.since)
        assert not await shipper.once()
        assert (one.trail.unshipped, one.trail.age > 0) == (3, True)
        books.down, books.forgetful = False, 1
        assert not await shipper.once()
        assert await shipper.once()
        assert books.requests() == ids
        assert (one.trail.unshipped, one.trail.age) == (0, 0.0)
        await shipper.last()
        assert list(journals(tmp_path)) == []


async def test_what_a_dead_worker_has_left_is_shipped_by_another(tmp_path: Path) -> None:
    dead = Folder.create(tmp_path, "dead")
    said = [lines.access(number, AT, b"", b"r%d" % number) for number in range(3)]
    text = b"".join(said) + lines.outcome(1, 200)
    dead.segment(1).write_bytes(text[:-3])
    books = Books()
    async with api(books.answer) as control, noting(tmp_path) as one:
        shipper = Shipper(one.trail, f"http://127.0.0.1:{control.port}", b"key")
        shipper.adopt()
        await shipper.once()
        assert books.taken == {}, "it is not dead"
        dead.release()
        shipper.adopt()
        assert await shipper.once()
    assert [access["status"] for access in books.taken["dead"]] == [0, 0, 0]
    assert books.requests() == ["r0", "r1", "r2"]
    assert not dead.path.exists()


WORKER = """
import asyncio, os, sys
from pathlib import Path
from tests.gateway.core.trail.disks import PATH, noting
from tests.gateway.core.city import request

async def main(folder):
    async with noting(folder) as one:
        async def ask(raw):
            while True:
                raw.writer.write(request(PATH, bearer))
                os.write(1, (await raw.reply()).fields["x-request-id"].encode() + b"\\n")
        bearer = one.bearer()
        await asyncio.gather(*[ask(await one.city.open()) for _ in range(8)])

asyncio.run(main(Path(sys.argv[1])))
"""


async def test_a_worker_killed_in_the_middle_has_written_down_all_that_it_answered(
    tmp_path: Path,
) -> None:
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, str(tmp_path), stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert worker.stdout is not None
    answered = [await worker.stdout.readline() for _ in range(300)]
    worker.send_signal(signal.SIGKILL)
    answered += (await worker.stdout.read()).splitlines(keepends=True)
    await worker.wait()
    whole = {line.strip().decode() for line in answered if line.endswith(b"\n")}
    assert len(whole) >= 300
    assert whole <= {access["request"] for access in noted(tmp_path)}

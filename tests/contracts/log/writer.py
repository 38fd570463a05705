"""A process that publishes numbers and says each one that the log has acknowledged.

``python -m tests.contracts.log.writer URL TOPIC NAME COUNT [FIRST]``: keys are ``NAME-0`` to
``NAME-4``.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from services.broker.log import Record, open_log

KEYS = 5


def record(topic: str, name: str, number: int) -> Record:
    return Record(topic, f"{name}-{number % KEYS}", f"{name} {number}".encode())


async def main(url: str, topic: str, name: str, count: int, number: int = 0) -> None:
    log = open_log(url)
    while number < count:
        size = number % 7 + 1
        await log.publish([record(topic, name, number + i) for i in range(size)])
        number += size
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
    await log.close()


if __name__ == "__main__":
    assert Path("services").is_dir(), "run it from the repository's root"
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], *map(int, sys.argv[4:])))

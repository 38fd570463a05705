"""``python -m loadtests.broker.tell``: how soon somebody is told of an event or a change.

One broker process on core 0; the publisher and all receivers, in one process, on core 1. Each
figure is from the moment of the request until the last receiver has it. Prints a table; ``--keep``
writes it to ``loadtests/results/broker-tell.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from pathlib import Path
from typing import Any, Final

import orjson

from loadtests.broker import telling
from loadtests.broker.place import broker, facts
from loadtests.peers import measure

RESULTS: Final = Path(__file__).parents[1] / "results" / "broker-tell.json"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m loadtests.broker.tell", description=__doc__)
    parser.add_argument("--store-url", default="", help="SQLite in a new folder if left out")
    parser.add_argument("--log-url", default="", help="one file in a new folder if left out")
    parser.add_argument("--only", nargs="*", help="names of works")
    parser.add_argument("--keep", action="store_true", help="publish the figures of this run")
    asked = parser.parse_args()
    if (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {measure.OTHER_CORE})
    with tempfile.TemporaryDirectory(prefix="supercity-broker-") as folder:
        found = _measure(Path(folder), asked)
    if asked.keep:
        RESULTS.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
        print(f"written to {RESULTS}")


def _measure(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    store_url = asked.store_url or f"sqlite+aiosqlite:///{folder}/store"
    log_url = asked.log_url or f"sqlite:///{folder}/log/log.db"
    load_before = os.getloadavg()[0]
    with broker(folder, store_url, log_url, gateway_key=telling.KEY) as (port, _):
        works = asyncio.run(_all(f"http://127.0.0.1:{port}", asked.only))
    return {**facts(store_url, log_url, load_before), "works": works}


async def _all(url: str, only: list[str] | None) -> dict[str, Any]:
    await telling.know_type(url)
    rows: dict[str, Any] = {}
    for one in telling.tellings():
        if not only or one.name in only:
            row = rows[one.name] = await telling.measured(url, one)
            print(
                f"{one.name:12} p50 {row['p50_ms']:8.1f}  p99 {row['p99_ms']:8.1f}"
                f"  most {row['most_ms']:8.1f} ms   {one.does}",
                flush=True,
            )
    return rows


if __name__ == "__main__":
    main()

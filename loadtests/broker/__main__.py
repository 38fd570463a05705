"""``python -m loadtests.broker``: what the broker does in a second, over many entities.

One broker process on core 0; wrk, and the store where it is a server, on the others. Prints a
table; ``--keep`` writes it to ``loadtests/results/broker.json``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import httpx
import orjson

from loadtests.broker.entities import batches
from loadtests.broker.place import broker, facts
from loadtests.broker.postgres import cpu_seconds, server
from loadtests.broker.scripts import ROOT, Work, works
from loadtests.peers import measure

RESULTS: Final = Path(__file__).parents[1] / "results" / "broker.json"
_FILL_SIZE: Final = 500


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m loadtests.broker", description=__doc__)
    parser.add_argument("--store-url", default="", help="SQLite in a new folder if left out")
    parser.add_argument("--entities", type=int, default=20_000)
    parser.add_argument("--filled", action="store_true", help="the store has them already")
    parser.add_argument("--seconds", type=float, default=5, help="of each work")
    parser.add_argument("--only", nargs="*", help="names of works")
    parser.add_argument("--keep", action="store_true", help="publish the figures of this run")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="supercity-broker-") as folder:
        found = _measure(Path(folder), asked)
    if asked.keep:
        RESULTS.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
        print(f"written to {RESULTS}")


def _measure(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    store_url = asked.store_url or f"sqlite+aiosqlite:///{folder}/store"
    load_before = os.getloadavg()[0]
    rows: dict[str, Any] = {}
    log_url = f"sqlite:///{folder}/log/log.db"
    store = server(store_url)
    with broker(folder, store_url, log_url) as (port, pid):
        if not asked.filled:
            rows["fill"] = _fill(port, asked.entities)
            print(f"{'fill':12} {rows['fill']['entities_per_s']:9.0f} entities/s", flush=True)
        for work in works(asked.entities):
            if not asked.only or work.name in asked.only:
                rows[work.name] = _one(work, folder, port, pid, store, asked.seconds)
    found = facts(store_url, log_url, load_before)
    return {**found, "entities": asked.entities, "works": rows}


def _fill(port: int, count: int) -> dict[str, float]:
    started = time.monotonic()
    headers = {"content-type": "application/json"}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
        for body in batches(count, _FILL_SIZE):
            while True:
                answer = client.post(f"{ROOT}/entityOperations/create", content=body)
                if answer.status_code != 503:  # the log is behind: it says when to come again
                    break
                time.sleep(float(answer.headers.get("retry-after", "1")))
            if answer.status_code not in (201, 207):
                raise RuntimeError(answer.text)
    return {"entities_per_s": count / (time.monotonic() - started)}


def _one(
    work: Work, folder: Path, port: int, pid: int, store: int, seconds: float
) -> dict[str, float]:
    script, url = work.script(folder), f"http://127.0.0.1:{port}"
    measure.load(script, url, pid, 1, work.connections)  # warm
    before = cpu_seconds(store)
    run = measure.load(script, url, pid, seconds, work.connections)
    beside = cpu_seconds(store) - before
    per = max(1, work.entities)
    row = {
        "per_s": run.rps * per,
        "per_s_and_core": 1e6 / run.cpu_us * per,
        "cpu_us": run.cpu_us / per,
        "store_cpu_us": beside * 1e6 / (run.rps * seconds) / per,
        "p50_ms": run.p50_us / 1000,
        "p99_ms": run.p99_us / 1000,
        "bad": run.bad,
    }
    print(
        f"{work.name:12} {row['per_s']:9.0f}/s {row['cpu_us']:8.0f} µs CPU"
        f" = {row['per_s_and_core']:7.0f}/s a core   store {row['store_cpu_us']:6.0f} µs"
        f"   p50 {row['p50_ms']:7.2f}  p99 {row['p99_ms']:7.2f} ms   bad {run.bad}   {work.does}",
        flush=True,
    )
    return row


if __name__ == "__main__":
    main()

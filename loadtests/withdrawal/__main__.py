"""``python -m loadtests.withdrawal``: withdrawals in a city under load, and a table.

Starts a city with four gateway processes, loads it with the steady day, and has a resident consent
and withdraw, again and again, while fifty events a second are about that resident. Each time an
app reads, follows a stream, fetches for a group and has a webhook. Exits with 1 when anything
personal came later than a second after the withdrawal was asked for.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from loadtests.peers.place import free_port
from loadtests.scenarios.app import SampleApp
from loadtests.withdrawal.place import Place, Resident
from loadtests.withdrawal.rounds import one, saying, subject_of

WITHIN: Final = 1.0
_UP: Final = " is up."
_START_SECONDS: Final = 90.0
_SCENARIO: Final = Path(__file__).parents[1] / "scenarios" / "steady_day.py"


async def measure(url: str, folder: Path, rounds: int) -> list[dict[str, float]]:
    """So many withdrawals; of each, by way, how long after it something came last, in seconds."""
    async with httpx.AsyncClient(timeout=30) as http:
        place = await Place.open(url, folder, http)
        resident = Resident(place)
        try:
            subject = await subject_of(place, resident)
            await resident.withdraw()
            async with saying(place, subject):
                return [await one(place, resident) for _ in range(rounds)]
        finally:
            await resident.close()


@contextmanager
def city(folder: Path, workers: int) -> Iterator[str]:
    """A city for the run; its gateway's URL."""
    base = free_port() // 10 * 10
    options = ("--port-base", str(base), "--workers", str(workers), "--deliver-to", "127.0.0.0/8")
    command = [sys.executable, "-m", "gateway.cli", "up", "--data-dir", str(folder), *options]
    log = folder / "up.log"
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as running:
        try:
            asyncio.run(_up(running, log))
            yield SampleApp.load(folder).gateway_url
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(30)


async def _up(running: subprocess.Popen[bytes], log: Path) -> None:
    async with asyncio.timeout(_START_SECONDS):
        while _UP not in log.read_text():
            if running.poll() is not None:
                raise SystemExit(f"the city did not start:\n{log.read_text()[-4000:]}")
            await asyncio.sleep(0.2)


@contextmanager
def load(folder: Path, users: int) -> Iterator[None]:
    """The steady day, in a process of its own."""
    if not users:
        yield
        return
    many = ("--users", str(users), "--spawn-rate", str(users), "--headless", "--only-summary")
    command = ["env", f"SUPERCITY_DATA_DIR={folder}", sys.executable, "-m", "locust"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        [*command, "--locustfile", str(_SCENARIO), *many], stdout=quiet, stderr=quiet
    ) as running:
        try:
            yield
            if running.poll() is not None:
                raise SystemExit("the load ended before the run did")
        finally:
            running.terminate()
            running.wait(30)


def table(found: Sequence[dict[str, float]]) -> str:
    """Milliseconds from asking for the withdrawal to the last personal thing, by way."""
    lines = ["| way | p50 | p99 | latest |", "|---|---|---|---|"]
    for name in (*found[0], "any"):
        late = sorted(max(one.values()) if name == "any" else one[name] for one in found)
        late = [max(0.0, seconds * 1000) for seconds in late]
        p99 = (
            statistics.quantiles(late, n=100, method="inclusive")[98] if len(late) > 1 else late[0]
        )
        lines.append(f"| {name} | {statistics.median(late):.0f} | {p99:.0f} | {late[-1]:.0f} |")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m loadtests.withdrawal")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--workers", type=int, default=4, help="gateway processes")
    parser.add_argument("--users", type=int, default=40, help="of the steady day beside it")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="supercity-withdrawal-") as name:
        folder = Path(name)
        with city(folder, chosen.workers) as url, load(folder, chosen.users):
            found = asyncio.run(measure(url, folder, chosen.rounds))
    print(f"{len(found)} withdrawals, {chosen.workers} workers, milliseconds until the last came:")
    print(table(found))
    late = max(max(one.values()) for one in found)
    return int(late > WITHIN)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Running one candidate under wrk, and what it cost."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson

from loadtests.peers.place import Candidate

CANDIDATE_CORE = 0
OTHER_CORE = 1
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Run:
    """What one run gave. ``cpu_us``: user and system time of the candidate per request."""

    rps: float
    cpu_us: float
    p50_us: float
    p99_us: float
    bad: int


def pinned(core: int, command: list[str]) -> list[str]:
    taskset = shutil.which("taskset")
    return (
        [taskset, "-c", str(core), *command] if taskset and (os.cpu_count() or 1) > 1 else command
    )


@contextmanager
def running(candidate: Candidate, core: int, port: int, folder: Path) -> Iterator[int]:
    """The candidate, started on ``core`` and answering on ``port``; gives its process id."""
    log = (folder / f"{candidate.name}.out").open("ab")
    process = subprocess.Popen(pinned(core, candidate.command), stdout=log, stderr=log)
    try:
        _wait(process, candidate, port, folder)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _wait(process: subprocess.Popen[bytes], candidate: Candidate, port: int, folder: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    said = (folder / f"{candidate.name}.out").read_text()[-2000:]
    raise RuntimeError(f"{candidate.name} does not start:\n{said}")


def family(pid: int) -> list[int]:
    """``pid`` and all processes under it."""
    found = [pid]
    for child in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(child.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += family(int(child.parent.name))
    return found


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of ``pids`` so far."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def load(script: Path, url: str, pid: int, seconds: float, connections: int = 32) -> Run:
    """Drive the candidate at ``url`` with wrk for ``seconds``, which it wants whole."""
    pids = family(pid)
    before = cpu_seconds(pids)
    command = [
        "wrk", "--timeout", "10s", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s",
        "--latency", "-s", str(script), url,
    ]  # fmt: skip
    done = subprocess.run(
        pinned(OTHER_CORE, command), capture_output=True, text=True, check=True
    )  # fmt: skip
    spent = cpu_seconds(pids) - before
    found = re.search(r"RESULT (\{.*\})", done.stdout)
    if found is None:
        raise RuntimeError(f"wrk said nothing that can be read:\n{done.stdout}{done.stderr}")
    result = orjson.loads(found[1])
    requests = max(1, result["requests"])
    return Run(
        rps=requests / result["us"] * 1e6, cpu_us=spent / requests * 1e6,
        p50_us=result["p50"], p99_us=result["p99"], bad=result["bad"],
    )  # fmt: skip

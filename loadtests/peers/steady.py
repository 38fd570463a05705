"""``python -m loadtests.peers.steady``: latency at a rate that all can serve, the same for all.

At saturation a latency says how long the queue was. Here each candidate gets the same requests at
the same moments (:mod:`loadtests.peers.openloop`): half, then four fifths, of what Envoy can do at
most on this machine, which is measured first.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import orjson

from loadtests.peers import candidates, measure, report, work, works
from loadtests.peers.place import Candidate, Place

PARTS = {"half": 0.5, "four fifths": 0.8}
"""Of the most that the first of ``MOST_OF`` that is here can do."""
MOST_OF = ("Envoy", "supercity")
TRIES = 3
"""For a run in which the driver fell behind, as it does when something else needs its core."""
FIGURES = {
    "p50 ms": "p50_us", "p99 ms": "p99_us", "p99.9 ms": "p999_us", "CPU µs/request": "cpu_us",
    "driver late by, p99 ms": "late_p99_us",
}  # fmt: skip
Figures = dict[str, float]


class Bench:
    """Candidates in front of the running upstream of ``place``, asked for ``seconds`` each."""

    def __init__(self, place: Place, seconds: float) -> None:
        self.place, self.seconds = place, seconds
        self._requests = place.folder / "steady.json"
        signer = place.signers[0]
        requests = [
            f"GET {work.ROUTES[number % len(work.ROUTES)]}/{number} HTTP/1.1\r\n"
            "Host: city.example\r\nAccept: application/json\r\nUser-Agent: partner-app/1.0\r\n"
            f"Authorization: Bearer {signer.token(number)}\r\n\r\n"
            for number in range(work.TOKENS)
        ]
        self._requests.write_bytes(orjson.dumps(requests))

    def most(self, candidate: Candidate) -> float:
        """Requests a second of ``candidate`` at saturation."""
        script, _ = works.MAIN.scripts(self.place.folder, self.place.keyed)
        url = self.place.url
        with self._running(candidate) as pid:
            measure.load(script, url, pid, 1)
            return measure.load(script, url, pid, max(2.0, self.seconds / 2)).rps

    def at(self, candidate: Candidate, rate: float) -> Figures | None:
        """One run at ``rate`` requests a second; None if none could be counted."""
        with self._running(candidate) as pid:
            pids = measure.family(pid)
            for _ in range(TRIES):
                before = measure.cpu_seconds(pids)
                found = self._drive(rate)
                spent = measure.cpu_seconds(pids) - before
                if "behind" not in found:
                    return {**found, "cpu_us": spent / found["requests"] * 1e6}
                print(f"{candidate.name}: not counted: {found['behind']}")
        return None

    def _drive(self, rate: float) -> dict[str, Any]:
        """What the driver says; ``behind`` is why it is not to be counted."""
        command = [
            sys.executable, "-m", "loadtests.peers.openloop", str(self.place.port),
            str(self._requests), "--rate", f"{rate:.0f}", "--seconds", f"{self.seconds:g}",
        ]  # fmt: skip
        command = measure.pinned(measure.OTHER_CORE, command)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return {"behind": done.stderr.strip()}
        found: dict[str, Any] = orjson.loads(done.stdout)
        return found

    def _running(self, candidate: Candidate) -> AbstractContextManager[int]:
        place = self.place
        return measure.running(candidate, measure.CANDIDATE_CORE, place.port, place.folder)


def compare(bench: Bench, rounds: int, only: list[str]) -> dict[str, dict[str, list[Figures]]]:
    """By part of the measured most, then by candidate; rounds are interleaved."""
    here = {each.name: each for each in candidates.candidates(bench.place) if each.command}
    base = next(name for name in MOST_OF if name in here)
    most = bench.most(here[base])
    found: dict[str, dict[str, list[Figures]]] = {}
    for _ in range(rounds):
        for part, share in PARTS.items():
            row = f"{part} of {base}'s most, {share * most:,.0f}/s"
            for name in only:
                run = bench.at(here[name], share * most) if name in here else None
                if run is not None:
                    found.setdefault(row, {}).setdefault(name, []).append(run)
                    print(f"{row}  {name:12} p99 {run['p99_us'] / 1e3:.2f} ms", flush=True)
    return found


def summary(runs: list[Figures]) -> dict[str, dict[str, float]]:
    """Spread of each figure, in the units of the table."""
    found = {}
    for shown, name in FIGURES.items():
        scale = 1e3 if " ms" in shown else 1
        found[shown] = report.spread([run[name] / scale for run in runs], digits=2)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m loadtests.peers.steady", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8, help="of each run")
    parser.add_argument("--only", nargs="*", default=list(works.ALL), help="names of candidates")
    parser.add_argument("--keep", action="store_true", help="publish the figures of this run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="supercity-steady-") as name:
        place = Place.new(Path(name))
        behind = candidates.upstream(place)
        with measure.running(behind, measure.OTHER_CORE, place.upstream, place.folder):
            runs = compare(Bench(place, options.seconds), options.rounds, options.only)
    found = {
        row: {name: summary(each) for name, each in by_name.items()}
        for row, by_name in runs.items()
    }
    text = "\n\n".join(f"{row}:\n\n{report.rows('candidate', each)}" for row, each in found.items())
    print(text)
    if options.keep:
        report.keep("steady", found, text)


if __name__ == "__main__":
    main()

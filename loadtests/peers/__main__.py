"""``python -m loadtests.peers``: the comparison. ``QUICK=1`` for the main row in under a minute."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from loadtests.peers import candidates, measure, report, targets, works
from loadtests.peers.place import Candidate, Place

WARM_SECONDS = 1.0


def main() -> None:
    quick = os.environ.get("QUICK", "") not in ("", "0") or "--quick" in sys.argv
    parser = argparse.ArgumentParser(prog="python -m loadtests.peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the main row only")
    parser.add_argument("--rounds", type=int, default=2 if quick else 5)
    parser.add_argument("--seconds", type=float, default=2 if quick else 5, help="of each run")
    parser.add_argument("--only", nargs="*", help="names of candidates")
    parser.add_argument("--works", nargs="*", help="names of works, the rows")
    parser.add_argument("--keep", action="store_true", help="publish the figures of this run")
    options = parser.parse_args()
    if not shutil.which("wrk") or not shutil.which("nginx"):
        sys.exit("This needs wrk and nginx: apt-get install wrk nginx")
    chosen = [works.MAIN] if quick else list(works.WORKS)
    if quick and not options.only:
        options.only = list(works.ALL)
    if options.works:
        chosen = [each for each in works.WORKS if each.name in options.works]
    with tempfile.TemporaryDirectory(prefix="supercity-peers-") as folder:
        load_before = os.getloadavg()[0]
        results, does = compare(Path(folder), chosen, options)
    machine = {
        "cpu": _cpu(), "cores": os.cpu_count(), "python": platform.python_version(),
        "rounds": options.rounds, "seconds": options.seconds,
        "load_before": round(load_before, 2), "load_after": round(os.getloadavg()[0], 2),
    }  # fmt: skip
    found = report.figures(results, machine)
    text = report.table(found, does)
    print(f"\n{text}\n\n{targets.table(found, all_of_them=False)}")
    if options.keep or not (quick or options.works or options.only):
        report.publish(found, text)
        print(f"written to {report.FIGURES} and {report.README}")


def compare(
    folder: Path, chosen: list[works.Work], options: argparse.Namespace
) -> tuple[dict[str, dict[str, list[measure.Run]]], dict[str, str]]:
    """Every candidate at every work, in turn, ``options.rounds`` times over."""
    base = Place.new(folder)
    results: dict[str, dict[str, list[measure.Run]]] = {}
    does: dict[str, str] = {}
    behind = candidates.upstream(base)
    with measure.running(behind, measure.OTHER_CORE, base.upstream, folder):
        for number in range(options.rounds):
            for asked in chosen:
                place = base.variant(asked.alg, asked.tls)
                for candidate in candidates.candidates(place):
                    if not _takes_part(candidate, asked, options):
                        continue
                    does[candidate.name] = candidate.does
                    scripts = asked.scripts(folder, base.keyed)
                    run = one(candidate, place, asked, scripts, options)
                    results.setdefault(candidate.name, {}).setdefault(asked.name, []).append(run)
                    print(
                        f"round {number + 1}  {candidate.name:24} {asked.name:22} "
                        f"{run.cpu_us:7.1f} µs  {run.rps:8.0f}/s  bad {run.bad}",
                        flush=True,
                    )
    return results, does


def _takes_part(candidate: Candidate, asked: works.Work, options: argparse.Namespace) -> bool:
    if options.only and candidate.name not in options.only:
        return False
    if asked.only and candidate.name not in asked.only:
        return False
    if not candidate.command:
        print(f"{candidate.name}: not here; install {candidate.package}")
    return bool(candidate.command)


def one(
    candidate: Candidate, place: Place, asked: works.Work, scripts: tuple[Path, Path],
    options: argparse.Namespace,
) -> measure.Run:  # fmt: skip
    """Start it, warm it unless it is to be cold, measure it, stop it."""
    with measure.running(candidate, measure.CANDIDATE_CORE, place.port, place.folder) as pid:
        warm, script = scripts
        if not asked.cold:
            measure.load(warm, place.url, pid, WARM_SECONDS, asked.connections)
        seconds = min(options.seconds, asked.seconds)
        return measure.load(script, place.url, pid, seconds, asked.connections)


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    main()

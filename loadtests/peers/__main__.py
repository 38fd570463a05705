"""``python -m loadtests.peers``: the comparison. ``QUICK=1`` for the main row in under a minute."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import socket
import sys
import tempfile
from pathlib import Path

from loadtests.peers import candidates, measure, report, work

WARM_SECONDS = 1.0
NEW_TOKENS = "ES256, every token new"
NEW_HEADS = "ES256, every head new"
KEPT = "cacheable open read"
SOME = {
    NEW_TOKENS: ("supercity", "Envoy"),
    NEW_HEADS: ("nginx", "nginx + Lua", "supercity"),
    KEPT: ("nginx", "supercity"),
}
"""Works that are not for all candidates; HAProxy verifies every token each time anyhow. nginx only
proxies what the core keeps: it is the floor there too."""


def main() -> None:
    quick = os.environ.get("QUICK", "") not in ("", "0")
    parser = argparse.ArgumentParser(prog="python -m loadtests.peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=2 if quick else 5)
    parser.add_argument("--seconds", type=float, default=2 if quick else 5, help="of each run")
    parser.add_argument("--only", nargs="*", help="names of candidates")
    parser.add_argument("--work", nargs="*", help="names of works")
    parser.add_argument("--keep", action="store_true", help="publish the figures of this run")
    options = parser.parse_args()
    if not shutil.which("wrk") or not shutil.which("nginx"):
        sys.exit("This needs wrk and nginx: apt-get install wrk nginx")
    works = options.work or (["ES256"] if quick else ["ES256", "RS256", *SOME])
    with tempfile.TemporaryDirectory(prefix="supercity-peers-") as folder:
        load_before = os.getloadavg()[0]
        results, does = compare(Path(folder), works, options)
    machine = {
        "cpu": _cpu(), "cores": os.cpu_count(), "python": platform.python_version(),
        "rounds": options.rounds, "seconds": options.seconds,
        "load_before": round(load_before, 2), "load_after": round(os.getloadavg()[0], 2),
    }  # fmt: skip
    found = report.figures(results, machine)
    text = report.table(found, does)
    print(text)
    if options.keep or not (quick or options.work or options.only):
        report.publish(found, text)
        print(f"written to {report.FIGURES} and {report.README}")


def compare(
    folder: Path, works: list[str], options: argparse.Namespace
) -> tuple[dict[str, dict[str, list[measure.Run]]], dict[str, str]]:
    """Every candidate at every work, in turn, ``options.rounds`` times over."""
    signers = [work.signer("ES256"), work.signer("RS256")]
    scripts = {
        signer.alg: work.write_script(
            folder, signer.alg, [signer.token(number) for number in range(work.TOKENS)]
        )
        for signer in signers
    }
    tokens = [signers[0].token(number) for number in range(work.TOKENS)]
    scripts[KEPT] = work.write_script(folder, "kept", [], kept=True)
    scripts[NEW_HEADS] = work.write_script(folder, "heads", tokens, unique=True)
    port, admin, upstream = free_port(), free_port(), free_port()
    places = {
        alg: candidates.Place(folder, port, admin, upstream, alg, signers)
        for alg in ("ES256", "RS256")
    }
    candidates.prepare(places["ES256"])
    results: dict[str, dict[str, list[measure.Run]]] = {}
    does: dict[str, str] = {}
    behind = candidates.upstream(places["ES256"])
    with measure.running(behind, measure.OTHER_CORE, upstream, folder):
        for number in range(options.rounds):
            for name in works:
                place = places.get(name[:5], places["ES256"])
                cold = name == NEW_TOKENS
                for candidate in candidates.candidates(place):
                    if options.only and candidate.name not in options.only:
                        continue
                    if not candidate.command:
                        print(f"{candidate.name}: not here; install {candidate.package}")
                        continue
                    if name in SOME and candidate.name not in SOME[name]:
                        continue
                    script = _new_tokens(folder, signers[0]) if cold else scripts[name]
                    does[candidate.name] = candidate.does
                    run = one(candidate, place, script, 0 if cold else WARM_SECONDS, options)
                    results.setdefault(candidate.name, {}).setdefault(name, []).append(run)
                    print(
                        f"round {number + 1}  {candidate.name:24} {name:22} "
                        f"{run.cpu_us:7.1f} µs  {run.rps:8.0f}/s  bad {run.bad}",
                        flush=True,
                    )
    return results, does


def one(
    candidate: candidates.Candidate, place: candidates.Place, script: Path, warm: float,
    options: argparse.Namespace,
) -> measure.Run:  # fmt: skip
    """Start it, warm it, measure it, stop it."""
    with measure.running(candidate, measure.CANDIDATE_CORE, place.port, place.folder) as pid:
        if warm:
            measure.load(script, place.port, pid, warm)
        return measure.load(script, place.port, pid, options.seconds)


def _new_tokens(folder: Path, signer: work.Signer) -> Path:
    """More tokens than can be asked with in one run, so that each is seen once."""
    script = folder / "new.lua"
    if not script.exists():
        work.write_script(folder, "new", [signer.token(number) for number in range(120_000)])
    return script


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    main()

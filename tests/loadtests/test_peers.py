"""The comparison asks for what it says, and its figures are ratios of like with like."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtests.micro.stages import split
from loadtests.micro.wires import Wired
from loadtests.peers import personal, report, work, works
from loadtests.peers.measure import Run


def run(rps: float, cpu_us: float) -> Run:
    return Run(rps=rps, cpu_us=cpu_us, p50_us=1, p99_us=2, bad=0)


def test_a_work_is_compared_with_the_floor_at_the_same_work() -> None:
    results = {
        "nginx": {"ES256": [run(100, 20)], "1 MB answers": [run(10, 1_000)]},
        "supercity": {
            "ES256": [run(50, 30), run(40, 40), run(60, 20)],
            "1 MB answers": [run(15, 500)],
            "ES256, every token new": [run(10, 200)],
        },
    }
    found = report.figures(results, {})
    assert found["cpu_ratio_to_nginx_bare"]["supercity"] == {
        "ES256": 1.5, "1 MB answers": 0.5, "ES256, every token new": 10.0,
    }  # fmt: skip
    assert found["rps_ratio_to_nginx_bare"]["supercity"]["1 MB answers"] == 1.5
    assert found["candidates"]["supercity"]["ES256"]["cpu_us"] == {
        "median": 30, "min": 20, "max": 40,
    }  # fmt: skip


def test_the_tables_have_their_places_in_the_readme() -> None:
    text = report.README.read_text()
    for name in ("targets", "compare", "steady", "held", "large", "swap", "stages"):
        assert text.index(f"<!-- {name}: begin -->") < text.index(f"<!-- {name}: end -->")


def test_scripts_ask_with_the_tokens_paths_and_content_of_their_work(tmp_path: Path) -> None:
    signers = {"ES256": work.signer("ES256")}
    post = works.Work("POST 1 KB", leaf="posted", body=1_024, tokens=3)
    warm, script = post.scripts(tmp_path, signers)
    assert warm == script
    assert "Content-Length: 1024" in script.read_text()
    assert (tmp_path / "POST-1-KB.paths").read_text().split()[0] == work.ROUTES[0] + "/posted"
    assert len((tmp_path / "POST-1-KB.tokens").read_text().splitlines()) == 3


def test_no_proof_is_asked_with_twice(tmp_path: Path) -> None:
    signers = {"ES256": work.signer("ES256")}
    one = works.Work("p", collection=personal.BASE, holder="ES256", tokens=50)
    used: list[str] = []
    for _ in range(2):
        for script in one.scripts(tmp_path, signers):
            lines = script.with_suffix(".tokens").read_text().splitlines()
            used += [line.rpartition(" ")[2] for line in lines]
    assert len(set(used)) == len(used) == 2 * (50 + 2 * work.TOKENS)


@pytest.mark.parametrize("size", [0, 1_024])
async def test_the_micro_benchmark_measures_requests_that_succeed(size: int) -> None:
    wired = Wired(tokens=2)
    for _ in range(2):
        wired.once(wired.post(size) if size else wired.heads[1])
        assert wired.answered().startswith(b"HTTP/1.1 200 OK\r\n")
    for alg, fields in (("RS256", ()), ("ES256", ()), ("RS256", ("name",))):
        for head in wired.personal(alg, 2, *fields):
            wired.once(head)
            assert wired.answered().startswith(b"HTTP/1.1 200 OK\r\n")
            assert (b'"id"' in wired.answered()) is not bool(fields)
    first, block = split(wired.heads[0])
    assert wired.core.head(first, block)[1].token
    await wired.core.close()


def test_every_work_is_there_for_every_candidate_that_can() -> None:
    by_name = {each.name: each for each in works.WORKS}
    for name in (
        "ES256", "RS256", "TLS to the client", "2,000 connections", "16 KB answers",
        "1 MB answers", "POST 1 KB", "POST 1 MB",
    ):  # fmt: skip
        assert set(by_name[name].only or works.ALL) >= set(works.ALL)
    assert set(by_name["ES256, every token new"].only) == set(works.ALL) - {report.FLOOR}
    assert by_name["cacheable open read"].collection == work.KEPT
    for name in ("open read", "personal read, RS256 proof", "personal read, ES256 proof"):
        assert set(by_name[name].only) >= {"supercity"}

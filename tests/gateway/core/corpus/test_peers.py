"""What the core forwards is one thing to every server: nginx, HAProxy and Python's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.gateway.core.corpus import CASES
from tests.gateway.core.corpus.bench import Rig, bench
from tests.gateway.core.corpus.peers import PEERS

FORWARDED = [name for name, case in CASES.items() if case.seen]


@pytest.fixture(scope="module", params=PEERS)
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    name = request.param
    if name != "python" and not shutil.which(name):
        pytest.skip(f"{name} is not installed: python -m tests.servers setup")
    with bench() as (loop, recorder), PEERS[name](recorder.port) as port:
        yield Rig(loop, recorder, port)


@pytest.mark.parametrize("name", FORWARDED)
def test_the_peer_reads_the_same_requests(rig: Rig, name: str) -> None:
    case = CASES[name]
    assert rig.play([case.sent]) == (case.answers, case.kept, case.seen)

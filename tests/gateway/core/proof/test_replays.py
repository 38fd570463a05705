"""Used proofs are remembered by all workers of a machine, and never forgotten too early."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.proof.replays import SLOTS, Found, Replays

TAKER = """
import sys
from hashlib import sha256
from gateway.core.proof.replays import Replays
replays = Replays(int(sys.argv[1]))
sys.stdin.readline()
for number in range(2_000):
    print(replays.take(sha256(str(number).encode()).digest()[:16], 0.0, 60).value)
"""


def digest(name: object) -> bytes:
    return sha256(str(name).encode()).digest()[:16]


def test_two_processes_never_take_the_same() -> None:
    file = Replays.file_for(1 << 20)
    here = Replays(file)
    running = [
        subprocess.Popen(
            [sys.executable, "-c", TAKER, str(file)], pass_fds=(file,), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True,
        )
        for _ in range(2)
    ]  # fmt: skip
    for each in running:  # both are there before either begins
        assert each.stdin is not None
        each.stdin.write("go\n")
    said = [each.communicate()[0].split() for each in running]
    assert all(sorted(pair) == ["new", "seen"] for pair in zip(*said, strict=True)), said
    assert here.take(digest(7), 0.0, 60) is Found.SEEN
    here.close()
    here.close()


def test_what_is_full_refuses_until_the_oldest_has_had_its_time() -> None:
    replays = Replays(Replays.file_for(SLOTS))
    for number in range(SLOTS):
        assert replays.take(digest(number), 100.0 + number, 66) is Found.NEW
    assert replays.take(digest("more"), 165.9, 66) is Found.FULL
    assert replays.take(digest(0), 165.9, 66) is Found.SEEN
    assert replays.take(digest("more"), 166.0, 66) is Found.NEW
    assert replays.take(digest("yet more"), 166.9, 66) is Found.FULL
    replays.close()


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 20)), max_size=200))
def test_within_its_life_nothing_is_new_twice(steps: list[tuple[int, int]]) -> None:
    replays = Replays(Replays.file_for(SLOTS * 2))
    now, taken = 0.0, dict[int, float]()
    for name, later in steps:
        now += later
        found = replays.take(digest(name), now, 66)
        if now - taken.get(name, -100.0) <= 66:
            assert found is not Found.NEW
        if found is Found.NEW:
            taken[name] = now
    replays.close()


async def test_a_proof_taken_by_one_core_is_used_for_the_other() -> None:
    from tests.gateway.core.city import api, gateway, snapshot
    from tests.gateway.core.proofs import Holder, ask

    holder = Holder()
    bound = holder.token()
    proof = holder.proof(holder.claims(bound))
    file = Replays.file_for(1_000)
    shared = Replays(file)
    async with (
        api() as behind,
        gateway(snapshot(behind.port), replays=shared) as one,
        gateway(snapshot(behind.port), replays=Replays(os.dup(file))) as two,
    ):
        answers = await asyncio.gather(*(ask(city, bound, proof) for city in (one, two) * 2))
        assert sorted(answer.status for answer in answers) == [200, 401, 401, 401]

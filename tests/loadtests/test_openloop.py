"""The open-loop driver counts the waits that a closed one would leave out, and knows its own."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest

from loadtests.peers.openloop import (
    Behind,
    Connection,
    Seen,
    drive,
    in_turn,
    is_whole,
    quantile,
    schedule,
)  # fmt: skip

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
PAUSE = 0.5
CONNECTIONS = 4


@contextmanager
def server(pause_at: int) -> Iterator[int]:
    """Answers on four connections, and pauses before one answer; its port."""

    def serve() -> None:
        taken = [listening.accept()[0] for _ in range(CONNECTIONS)]
        answers = 0
        while taken:
            for each in select.select(taken, [], [])[0]:
                if not each.recv(1_000):
                    taken.remove(each)
                    each.close()
                    continue
                if answers == pause_at:
                    time.sleep(PAUSE)
                answers += 1
                each.sendall(ANSWER)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def test_all_who_come_in_a_pause_feel_it() -> None:
    with server(pause_at=20) as port:
        connections = [Connection(port) for _ in range(CONNECTIONS)]
        seen = drive(connections, in_turn([b"GET / HTTP/1.1\r\n\r\n"]), schedule(200, 1))
        for connection in connections:
            connection.close()
    assert len(seen.latency) == 200
    assert seen.bad == 0
    # 100 come in half a second, of whom three quarters wait for more than a quarter of it
    waited = sum(each > PAUSE / 4 for each in seen.latency)
    assert waited > 50
    assert sum(each > PAUSE / 4 for each in seen.late) < waited / 2, "the driver was not late"


def test_a_schedule_is_of_that_rate_and_always_the_same() -> None:
    due = schedule(1_000, 2)
    assert len(due) == 2_000
    assert due == sorted(due) == schedule(1_000, 2)
    assert 0 <= due[0] < due[-1] < 2
    assert len({round(after - before, 6) for before, after in pairwise(due)}) > 99


@pytest.mark.parametrize(
    ("late", "took"), [([0.0001] * 90 + [0.005] * 10, 1.0), ([0.0001] * 100, 1.2)]
)
def test_a_driver_that_fell_behind_says_so_instead_of_figures(
    late: list[float], took: float
) -> None:
    with pytest.raises(Behind):
        Seen(latency=[0.001] * 100, late=late, took=took).result(rate=100)


def test_percentiles_are_of_all_requests() -> None:
    seen = Seen(latency=[0.001] * 985 + [0.01] * 14 + [0.1], late=[0.0], took=1.0)
    assert seen.result(1_000) == {
        "p50_us": 1e3, "p99_us": 1e4, "p999_us": 1e5, "late_p99_us": 0.0, "rps": 1_000, "bad": 0,
    }  # fmt: skip
    assert quantile([], 0.5) == 0


def test_an_answer_is_whole_at_its_last_byte() -> None:
    assert not any(is_whole(ANSWER[:cut]) for cut in range(len(ANSWER)))
    assert is_whole(ANSWER)

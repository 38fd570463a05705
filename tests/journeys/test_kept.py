"""Open reads go on while the process behind them does not answer."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.journeys.city import City, until

SHELTERS = "/disaster/v1/shelters?limit=5"


@contextmanager
def hanging(city: City, name: str) -> Iterator[None]:
    """The city's process ``name`` stands still: it takes connections and says nothing."""
    children = Path(f"/proc/{city.process.pid}/task/{city.process.pid}/children")
    (pid,) = [
        int(child)
        for child in children.read_text().split()
        if name.encode() in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_shelters_stay_readable_while_their_holder_hangs(city: City) -> None:
    with httpx.Client(base_url=city.url, timeout=10) as http:
        before = http.get(SHELTERS)
        assert "max-age" in before.headers["cache-control"]

        def stands_in() -> bool:
            began = time.monotonic()
            answer = http.get(SHELTERS)
            assert time.monotonic() - began < 5
            assert (answer.status_code, answer.json()) == (200, before.json())
            return answer.headers["cache-status"].endswith("stale-if-error")

        with hanging(city, "connectors"):
            until(stands_in)
        until(lambda: "hit; ttl=1" in http.get(SHELTERS).headers["cache-status"])


def test_an_operator_has_kept_answers_forgotten(city: City) -> None:
    with httpx.Client(base_url=city.url, timeout=10) as http, city.client("operator") as operator:
        until(lambda: "; hit" in http.get(SHELTERS).headers["cache-status"])
        purged = operator.post("/control/v1/cache/purge", json={"dataset": "disaster-shelters"})
        assert purged.json()["what"] == "dataset:disaster-shelters"
        until(lambda: "fwd=miss" in http.get(SHELTERS).headers["cache-status"])

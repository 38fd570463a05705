"""A broker for one run, and what has to be known of where it ran."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loadtests.peers import measure
from loadtests.peers.place import Candidate, free_port


@contextmanager
def broker(
    folder: Path, store_url: str, log_url: str, *, gateway_key: str = ""
) -> Iterator[tuple[int, int]]:
    """A broker in a process of its own, on core 0; its port and its process.

    Args:
        gateway_key: what its callers have to know; without it, it is open to all.
    """
    port = free_port()
    command = [
        *("env", f"SUPERCITY_GATEWAY_KEY={gateway_key}") * bool(gateway_key),
        *(sys.executable, "-m", "gateway.cli", "broker", "--port", str(port)),
        *("--store-url", store_url, "--log-url", log_url, "--allow-private"),
        *([] if gateway_key else ["--alone"]),
    ]
    candidate = Candidate("broker", "the broker", "", command)
    with measure.running(candidate, measure.CANDIDATE_CORE, port, folder) as pid:
        yield port, pid


def facts(store_url: str, log_url: str, load_before: float) -> dict[str, Any]:
    """What figures depend on."""
    return {
        "store": store_url.partition(":")[0],
        "log": log_url.partition(":")[0],
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": round(load_before, 2),
        "load_after": round(os.getloadavg()[0], 2),
    }

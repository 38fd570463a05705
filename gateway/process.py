"""One worker process: ``python -m gateway.process FD``, started by :mod:`gateway.worker`.

``FD`` is one end of a socket pair. Over it come first the configuration, in which there are keys
and which is therefore neither an argument nor in the environment, then questions, a line of JSON
each. The socket that clients come in by is inherited, so that a successor can have it without a
connection lost. When the other end is gone, so is the gateway: the worker drains and ends.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import orjson
import uvloop

from gateway.core.access.allowances import Allowances
from gateway.core.access.counts import LeasedCounts
from gateway.core.app import Core, CoreConfig
from gateway.core.bounds import Bounds
from gateway.core.policy.feed import Feed
from gateway.core.proof.replays import Replays
from gateway.core.telemetry.spans import Spans
from gateway.core.tls import TlsFiles
from gateway.core.trail.trail import Trail
from gateway.inside import ControlPlane
from gateway.journal import Shipper
from gateway.leases import Leases
from gateway.presence import Presence
from gateway.usage import UsageShipper

LAST_WORD = -1
"""Number of the answer that nobody has asked for: the counters as they stood at the end."""
GRACE = 0.5
"""Seconds that a resting connection has for one more request when the worker drains."""


async def serve(channel: socket.socket) -> None:
    """Run a core until told to drain, by the channel, its end, or SIGTERM."""
    reader, writer = await asyncio.open_connection(sock=channel)
    config = orjson.loads(await reader.readline())
    leased = not config["limits_url"].startswith("local:")
    allowances = Allowances(Bounds().buckets) if leased else None
    counts = LeasedCounts(Bounds().buckets) if leased else None
    spans = Spans(config["trace_ratio"]) if config["otlp_url"] else None
    trail = Trail(Path(config["trail"]))
    core = Core(
        CoreConfig(
            gateway_key=bytes.fromhex(config["gateway_key"]),
            pairwise_key=bytes.fromhex(config["pairwise_key"]),
            workers=config["workers"],
            access_log=config["access_log"],
            last_good=Path(config["last_good"]),
            limiter=allowances,
            quotas=counts,
            spans=spans,
            trail=trail,
            tls=TlsFiles.of(*config["tls"]),
            replays=Replays(config["proofs"]),
        )
    )
    core.load_last_good()
    sock = socket.socket(fileno=config["socket"])
    await core.listen(sock)
    presence = Presence(core, config["control_url"], config["number"], sock)
    background = [presence.run()]
    background.append(Feed(core, config["control_url"], keep=config["number"] == 0).run())
    background.append(Shipper(trail, config["control_url"], core.gateway_key).run())
    control = ControlPlane(config["control_url"], core.gateway_key)
    background.append(UsageShipper(core.usage, control).run())
    if allowances is not None:
        background.append(Leases(allowances, config["limits_url"], counts).run())
    if spans is not None:
        from gateway.otlp import Otlp  # and with it an HTTP client, which nothing else here needs

        background.append(Otlp(spans, config["otlp_url"], core.telemetry).run())
    tasks = [asyncio.create_task(work) for work in background]
    talk = asyncio.create_task(_talk(core, presence, reader, writer))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    stopped = asyncio.create_task(stop.wait())
    gc.collect()
    gc.freeze()  # what lives as long as the process need not be looked at again
    await asyncio.wait((talk, stopped), return_when=asyncio.FIRST_COMPLETED)
    await core.drain(GRACE, config["drain_seconds"])
    for task in (*tasks, talk, stopped):
        task.cancel()
    # bounded: whatever a task may do with its cancellation, the process ends
    await asyncio.wait((*tasks, talk, stopped), timeout=5)
    writer.write(orjson.dumps([LAST_WORD, core.as_json()]) + b"\n")
    await core.close()
    writer.close()


async def _talk(
    core: Core, presence: Presence, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Answer each number with itself and the worker's counters, until ``"drain"`` or the end.

    ``to_leave`` among them asks the supervisor for a successor.
    """
    while line := await reader.readline():
        question: Any = orjson.loads(line)
        if question == "drain":
            return
        told = {**core.as_json(), "to_leave": presence.to_leave}
        writer.write(orjson.dumps([question, told]) + b"\n")
        await writer.drain()


def main() -> None:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the supervisor, which drains
    uvloop.run(serve(socket.socket(fileno=int(sys.argv[1]))))


if __name__ == "__main__":
    main()

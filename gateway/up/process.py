"""A child process: started in a group of its own, its words in a log file, ended for certain."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateway.up.plan import Process

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None
_TAIL_BYTES: Final = 16_384


class Child:
    """One process of the city while it runs.

    A terminal's Ctrl-C does not reach it (it is in another group), so that the city ends in order;
    and it does not outlive its parent, whatever kills that.
    """

    def __init__(self, plan: Process, logs: Path) -> None:
        self.plan = plan
        self.log = logs / f"{plan.name}.log"
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, environ: Mapping[str, str]) -> None:
        """Args:
        environ: what it gets besides its own variables.
        """
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.plan.command,
                env={**environ, **self.plan.environ},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
                preexec_fn=_die_with_parent,
            )

    async def ended(self) -> int:
        """Wait for its end; its exit code, negative when a signal ended it."""
        assert self._process  # noqa: S101 - called after start
        return await self._process.wait()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def terminate(self) -> None:
        self._send(signal.SIGTERM, group=False)

    def renew(self) -> None:
        """SIGHUP: what the process takes it for; one that takes it for nothing would end."""
        self._send(signal.SIGHUP, group=False)

    def kill(self) -> None:
        """End it and whatever it has started."""
        self._send(signal.SIGKILL, group=True)

    def _send(self, number: signal.Signals, *, group: bool) -> None:
        if not self.is_running or self._process is None:
            return
        with suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self._process.pid, number)

    def tail(self, lines: int = 15) -> list[str]:
        """The last lines of its log."""
        with suppress(OSError):
            size = self.log.stat().st_size
            with self.log.open("rb") as log:
                log.seek(max(0, size - _TAIL_BYTES))
                return log.read().decode(errors="replace").splitlines()[-lines:]
        return []


def _die_with_parent() -> None:
    """Ask Linux for SIGKILL when the parent dies; elsewhere there is no such thing."""
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

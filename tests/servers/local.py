"""What every server that the tests start for themselves has in common."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

from tests.servers.child import Child, tail


class LocalServer(ABC):
    """One server (or cluster) on loopback, its data in a temporary folder.

    ``start`` returns once it answers; ``kill`` is SIGKILL; ``start`` after ``kill`` comes back on
    the same port with the same data, which is what ``restart`` does; ``stop`` ends it and
    removes its data. As a context manager it starts and stops.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    death_signal: ClassVar[signal.Signals] = signal.SIGKILL
    user: str | None = None

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"supercity-{self.name}-"))
        self._children: dict[str, Child] = {}
        self._prepared = False
        atexit.register(self.stop)

    @property
    @abstractmethod
    def url(self) -> str:
        """What the platform's settings take."""

    @abstractmethod
    def prepare(self) -> None:
        """What is done once, before the first start."""

    @abstractmethod
    def commands(self) -> dict[str, Sequence[str]]:
        """The processes, by name."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it serves clients now."""

    def start(self, timeout_seconds: float = 60) -> Self:
        """Start what is not running; return when the server answers."""
        if not self._prepared:
            self.prepare()
            self._prepared = True
        for name, argv in self.commands().items():
            if not self.running(name):
                self._children[name] = self._spawn(name, argv)
        self._wait(timeout_seconds)
        return self

    def running(self, name: str) -> bool:
        return name in self._children and self._children[name].running

    def pids(self) -> list[int]:
        return [child.pid for child in self._children.values() if child.running]

    def kill(self, name: str | None = None) -> None:
        """SIGKILL, to one named process or to all of them."""
        for each, child in self._children.items():
            if name in (None, each):
                child.kill()

    def pause(self, name: str) -> None:
        """Cut a process off: its connections stay open, and nothing comes from it."""
        os.kill(self._children[name].pid, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """Let a process that was paused go on where it was."""
        os.kill(self._children[name].pid, signal.SIGCONT)

    def restart(self) -> None:
        """Kill, and start again on the same port and data."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """End it, and remove its data; may be called twice."""
        atexit.unregister(self.stop)
        for child in self._children.values():
            if child.running:
                os.kill(child.pid, self.stop_signal)
        for child in self._children.values():
            child.terminate(self.stop_signal, grace_seconds=10)
        self._children.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self, name: str) -> Path:
        """Where the named process writes its output."""
        return self.folder / f"{name}.log"

    def _spawn(self, name: str, argv: Sequence[str]) -> Child:
        return Child(argv, log=self.log(name), user=self.user, death_signal=self.death_signal)

    def _wait(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while not self.answers():
            for name, child in self._children.items():
                if not child.running:
                    raise RuntimeError(f"{name} ended:\n{tail(self.log(name))}")
            if time.monotonic() > deadline:
                logs = "\n".join(tail(self.log(name)) for name in self._children)
                raise RuntimeError(f"{self.name} did not answer in {timeout_seconds} s:\n{logs}")
            time.sleep(0.05)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

"""A process that ends with the one that started it, whatever happens to that one."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# The kernel sends the parent-death signal when the *thread* that forked ends. A test may start a
# server from a short-lived thread (asyncio.to_thread), so one thread that lives as long as the
# interpreter does all the forking.
_spawner = ThreadPoolExecutor(1, thread_name_prefix="test-servers")


class Child:
    """One running server process, in a session of its own: Ctrl-C reaches the tests, not it."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        log: Path,
        user: str | None = None,
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        """Start ``argv``, its output appended to ``log``.

        Args:
            user: run as this account (only root can).
            death_signal: what the kernel sends it when this process dies, however it dies.
        """
        self._process = _spawner.submit(_spawn, argv, log, user, death_signal).result()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL to the whole process group, and wait until it is gone."""
        if self.running:
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def terminate(self, how: signal.Signals, grace_seconds: float) -> None:
        """Ask it to end with ``how``; after ``grace_seconds`` make it."""
        if self.running:
            self._process.send_signal(how)
        try:
            self._process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            self.kill()


def run(argv: Sequence[str], *, log: Path, user: str | None = None) -> None:
    """Run a preparing command to its end; its output goes to ``log``."""
    with log.open("ab") as out:
        done = subprocess.run(
            argv,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            check=False,
            user=user,
            group=_group(user),
            extra_groups=[] if user else None,
        )
    if done.returncode:
        raise RuntimeError(f"{argv[0]} ended with {done.returncode}:\n{tail(log)}")


def tail(log: Path, lines: int = 20) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _spawn(
    argv: Sequence[str], log: Path, user: str | None, death_signal: signal.Signals
) -> subprocess.Popen[bytes]:
    leash: list[str] = []
    if shutil.which("setpriv"):  # util-linux; elsewhere atexit alone must do
        leash = ["setpriv", "--pdeathsig", death_signal.name.removeprefix("SIG")]
    with log.open("ab") as out:
        return subprocess.Popen(
            [*leash, *argv],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            start_new_session=True,
            user=user,
            group=_group(user),
            extra_groups=[] if user else None,
        )


def _group(user: str | None) -> int | None:
    return pwd.getpwnam(user).pw_gid if user else None

"""The supervisor over processes that are small scripts."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.settings import Settings
from gateway.up import plan
from gateway.up.papers import Papers
from gateway.up.plan import Plan, Process
from gateway.up.process import Child
from gateway.up.screen import Screen
from gateway.up.supervisor import Supervisor, sole_owner

WAITS = "import signal, time; print('started', flush=True); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAITS}"
LEAVES_A_TRACE = """
import os, signal, sys, time
def end(*_):
    with open(os.environ['TRACE'], 'a') as trace:
        trace.write(sys.argv[1] + ' ')
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print('started', flush=True)
while True:
    signal.pause()
"""


def script(name: str, code: str) -> Process:
    nowhere = "http://127.0.0.1:9"  # the discard port: nothing answers
    return Process(name, {}, f"{nowhere}/readyz", nowhere, (sys.executable, "-c", code, name))


def city_of(folder: Path, *processes: Process) -> tuple[Plan, Papers]:
    papers = Papers.keep(folder)
    settings = Settings.from_environ({"SUPERCITY_DATA_DIR": str(folder)})
    return replace(plan.draw(settings, papers), processes=processes), papers


def started(folder: Path, name: str) -> bool:
    log = folder / "logs" / f"{name}.log"
    return log.exists() and "started" in log.read_text()


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


class Running:
    """A supervisor under test, and what it has said."""

    def __init__(
        self, folder: Path, *processes: Process, restart: bool = False, **environ: str
    ) -> None:
        self.folder, self.names = folder, [process.name for process in processes]
        self.out = io.StringIO()
        city, papers = city_of(folder, *processes)
        supervisor = Supervisor(city, papers, {**os.environ, **environ}, Screen(self.out), restart)
        self.task = asyncio.create_task(supervisor.run())

    async def all_started(self) -> None:
        await until(lambda: all(started(self.folder, name) for name in self.names))


async def test_ctrl_c_ends_the_processes_in_reverse_order(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    names = ("first", "second", "third")
    scripts = [script(name, LEAVES_A_TRACE) for name in names]
    city = Running(tmp_path, *scripts, TRACE=str(trace))
    await city.all_started()
    os.kill(os.getpid(), signal.SIGINT)
    assert await asyncio.wait_for(city.task, 20) == 0
    assert trace.read_text().split() == ["third", "second", "first"]
    assert "Stopped." in city.out.getvalue()


async def test_a_process_that_dies_is_named_with_its_last_words_and_the_city_stops(
    tmp_path: Path,
) -> None:
    dies = "import sys; print('started'); print('no such table: bread'); sys.exit(3)"
    city = Running(tmp_path, script("good", WAITS), script("bad", dies))
    assert await asyncio.wait_for(city.task, 20) == 1
    said = city.out.getvalue()
    assert "bad: ended with exit code 3" in said
    assert "no such table: bread" in said
    assert str(tmp_path / "logs" / "bad.log") in said


async def test_a_process_that_is_killed_is_told_by_its_signal(tmp_path: Path) -> None:
    dies = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    city = Running(tmp_path, script("bad", dies))
    assert await asyncio.wait_for(city.task, 20) == 1
    assert "SIGKILL" in city.out.getvalue()


async def test_a_city_that_restarts_outlives_a_process_that_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(_: Supervisor) -> None:
        """These scripts answer nobody, so nobody can be asked whether the city is up."""

    monkeypatch.setattr(Supervisor, "_come_up", at_once)
    monkeypatch.setattr("gateway.up.supervisor._RESTART_PAUSE", 0.01)
    mortal = f"import os; print('process', os.getpid(), flush=True); {WAITS}"
    city = Running(tmp_path, script("mortal", mortal), script("other", WAITS), restart=True)
    log = tmp_path / "logs" / "mortal.log"
    for _ in range(2):
        await until(lambda: started(tmp_path, "mortal"))
        ran = log.read_text()
        os.kill(int(ran.split()[1]), signal.SIGKILL)
        await until(lambda ran=ran: log.read_text() not in {"", ran})  # type: ignore[misc]
    assert not city.task.done()
    os.kill(os.getpid(), signal.SIGINT)
    assert await asyncio.wait_for(city.task, 20) == 0
    assert city.out.getvalue().count("mortal: was ended by SIGKILL; it is started again") == 2


async def test_a_hangup_without_a_terminal_renews_the_gateway_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    hears = (
        "import signal\n"
        "signal.signal(signal.SIGHUP, lambda *_: print('renewed', flush=True))\n"
        "print('started', flush=True)\n"
        "while True: signal.pause()"
    )
    city = Running(tmp_path, script("gateway", hears), script("other", WAITS))
    await city.all_started()
    os.kill(os.getpid(), signal.SIGHUP)
    await until(lambda: "renewed" in (tmp_path / "logs" / "gateway.log").read_text())
    assert not city.task.done()
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(city.task, 20) == 0


async def test_a_second_ctrl_c_kills_what_will_not_end(tmp_path: Path) -> None:
    city = Running(tmp_path, script("stubborn", STUBBORN))
    await city.all_started()
    os.kill(os.getpid(), signal.SIGINT)
    await until(lambda: "Stopping" in city.out.getvalue())
    begun = time.monotonic()
    os.kill(os.getpid(), signal.SIGINT)
    assert await asyncio.wait_for(city.task, 20) == 0
    assert time.monotonic() - begun < 2


async def test_what_will_not_end_by_itself_is_killed_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.up.supervisor._STOP_EACH", 0.1)
    monkeypatch.setattr("gateway.up.supervisor._STOP_ALL", 0.1)
    city = Running(tmp_path, script("stubborn", STUBBORN))
    await city.all_started()
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(city.task, 20) == 0
    assert "killed" in city.out.getvalue()


async def test_a_city_that_does_not_come_up_in_time_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.up.supervisor.START_SECONDS", 0.3)
    city = Running(tmp_path, script("silent", WAITS))
    assert await asyncio.wait_for(city.task, 20) == 1
    assert "not up" in city.out.getvalue()


async def test_the_log_of_the_last_run_is_kept(tmp_path: Path) -> None:
    async def run(word: str) -> list[str]:
        child = Child(script("talker", f"print({word!r})"), tmp_path)
        await child.start(os.environ)
        await child.ended()
        return child.tail()

    assert await run("one") == ["one"]
    assert await run("two") == ["two"]
    assert await run("three") == ["three"]
    assert (tmp_path / "talker.log.1").read_text() == "two\n"


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_no_process_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    parent = (
        "import asyncio, os, sys; from pathlib import Path\n"
        "from tests.gateway.up.test_supervisor import WAITS, script\n"
        "from gateway.up.process import Child\n"
        "async def main():\n"
        f"    child = Child(script('orphan', WAITS), Path({str(tmp_path)!r}))\n"
        "    await child.start(os.environ)\n"
        "    print(child._process.pid, flush=True)\n"
        "    await child.ended()\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[3]
    environ = {**os.environ, "PYTHONPATH": str(root)}
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True, env=environ
    ) as supervisor:
        assert supervisor.stdout
        child = int(supervisor.stdout.readline())
        assert is_alive(child)
        supervisor.kill()
    deadline = time.monotonic() + 10
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(child)


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_a_data_folder_has_one_city(tmp_path: Path) -> None:
    with (
        sole_owner(tmp_path),
        pytest.raises(BlockingIOError),
        sole_owner(tmp_path),
    ):
        raise AssertionError("two cities in one folder")
    with sole_owner(tmp_path):
        pass

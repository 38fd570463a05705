"""Starts a city's processes, waits until the city is up, watches them, and ends them in order."""

from __future__ import annotations

import asyncio
import fcntl
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from gateway.private_file import write_private
from gateway.up.cast import OPERATOR, SAMPLE_APP, SAMPLE_PARTNER
from gateway.up.checks import City, until_good
from gateway.up.papers import Papers
from gateway.up.plan import Plan
from gateway.up.process import Child
from gateway.up.screen import Screen, guide

START_SECONDS: Final = 90.0
_STOP_EACH: Final = 1.0
"""How long the next process waits for the one before it to end."""
_STOP_ALL: Final = 8.0
_RESTART_PAUSE: Final = 0.5
"""Between an end and the next start, so that one that cannot run does not keep the machine busy."""
_CARDS: Final = (SAMPLE_APP, SAMPLE_PARTNER, OPERATOR)


class Died(Exception):
    """A process of the city ended by itself."""

    def __init__(self, child: Child, code: int) -> None:
        super().__init__(child.plan.name)
        self.child, self.code = child, code

    @property
    def how(self) -> str:
        if self.code < 0:
            return f"was ended by {signal.Signals(-self.code).name}"
        return f"ended with exit code {self.code}"


class TooSlow(Exception):
    """Something was not ready in time."""


class Supervisor:
    """One city, from its start to its end.

    A process that dies takes the city down: on a developer's machine a crash is to be seen and
    mended. Where a city serves people, its orchestrator starts the process again.

    Args:
        restart: do as an orchestrator does, with whatever dies once the city is up.
    """

    def __init__(
        self,
        plan: Plan,
        papers: Papers,
        environ: Mapping[str, str],
        screen: Screen,
        restart: bool = False,
    ) -> None:
        self._plan, self._papers, self._environ = plan, papers, environ
        self._screen, self._restart = screen, restart
        # a terminal that is closed ends the city; without one, SIGHUP is what it is for servers
        self._has_terminal = sys.stdin is not None and sys.stdin.isatty()
        self._children = [Child(process, plan.folder / "logs") for process in plan.processes]
        self._interrupts = 0
        self._stop = asyncio.Event()

    async def run(self) -> int:
        """Until Ctrl-C (exit code 0) or a failure (1)."""
        self._listen()
        self._write_papers()
        try:
            await self._first(self._start_and_watch(), self._stop.wait())
        except Died as died:
            self._explain(died)
            return 1
        except TooSlow as slow:
            self._screen.failed("not up", str(slow))
            self._screen.say(f"The logs in {self._plan.folder / 'logs'} say more.")
            return 1
        finally:
            await self._end()
        return 0

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._interrupted)
        hangup = self._interrupted if self._has_terminal else self._renew
        loop.add_signal_handler(signal.SIGHUP, hangup)

    def _renew(self) -> None:
        """Have the gateway replace its workers, without a failed request."""
        for child in self._children:
            if child.plan.name == "gateway":
                child.renew()

    def _interrupted(self) -> None:
        self._interrupts += 1
        self._stop.set()
        if self._interrupts > 1:
            for child in self._children:
                child.kill()

    def _write_papers(self) -> None:
        plan, papers = self._plan, self._papers
        (plan.folder / "logs").mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(plan.folder / "bootstrap.json", papers.bootstrap(plan.apis))
        for client_id in _CARDS:
            card = papers.card(client_id, plan.gateway_url)
            write_private(plan.folder / f"{client_id}.json", card)

    @staticmethod
    async def _first(*works: object) -> None:
        """Until one of the works ends; its exception is raised, the others are given up."""
        tasks = [asyncio.ensure_future(work) for work in works]  # type: ignore[call-overload]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _start_and_watch(self) -> None:
        logs = self._plan.folder / "logs"
        self._screen.say(f"Starting {len(self._children)} processes; logs in {logs}")
        for child in self._children:
            await child.start(self._environ)
        await self._first(self._come_up(), *(self._watch(child) for child in self._children))
        watch = self._keep_running if self._restart else self._watch
        await self._first(*(watch(child) for child in self._children))

    async def _watch(self, child: Child) -> None:
        raise Died(child, await child.ended())

    async def _keep_running(self, child: Child) -> None:
        while True:
            died = Died(child, await child.ended())
            self._screen.failed(child.plan.name, f"{died.how}; it is started again")
            await asyncio.sleep(_RESTART_PAUSE)
            await child.start(self._environ)

    async def _come_up(self) -> None:
        async with httpx.AsyncClient(base_url=self._plan.gateway_url) as http:
            city = City(http, self._plan, self._papers)
            try:
                async with asyncio.timeout(START_SECONDS):
                    await self._check(city)
                    stop = await city.busy_stop()
                    invitation = await city.first_operator() if self._plan.is_sample else ""
            except TimeoutError:
                raise TooSlow(f"after {START_SECONDS:.0f} s: {city.missing}") from None
        self._screen.say()
        self._screen.say(guide(self._plan, self._papers, stop, invitation))

    async def _check(self, city: City) -> None:
        started = asyncio.get_running_loop().time()

        def seconds() -> float:
            return asyncio.get_running_loop().time() - started

        async def process_is_ready(child: Child) -> None:
            await until_good(lambda: city.is_ready(child.plan.ready_url))
            self._screen.done(child.plan.name, seconds(), child.plan.address)

        city.missing = "a process does not say that it is ready"
        async with asyncio.TaskGroup() as group:
            for child in self._children:
                group.create_task(process_is_ready(child))
        await until_good(city.serves_the_open_api)
        self._screen.done("open API", seconds(), f"{len(self._plan.apis) + 1} APIs")
        if self._plan.is_sample:
            await until_good(city.has_the_sample_city)
            self._screen.done("sample city", seconds(), "published to the broker")

    def _explain(self, died: Died) -> None:
        name, log = died.child.plan.name, died.child.log
        self._screen.failed(name, f"{died.how}; its last words:", died.child.tail())
        self._screen.say(f"\nThe city stops. All of the log: {log}")

    async def _end(self) -> None:
        """In reverse order: first who calls, last who is called.

        One that takes its time (the gateway lets open streams end) does not hold up the next,
        which may be what it waits for.
        """
        running = [child for child in reversed(self._children) if child.is_running]
        if not running:
            return
        self._screen.say("\nStopping (Ctrl-C again kills)")
        ends = [asyncio.create_task(child.ended()) for child in running]
        for child, end in zip(running, ends, strict=True):
            child.terminate()
            await asyncio.wait((end,), timeout=_STOP_EACH)
        await asyncio.wait(ends, timeout=_STOP_ALL)
        for child in running:
            if child.is_running:
                self._screen.say(f"  {child.plan.name} did not end by itself; killed")
                child.kill()
        await asyncio.gather(*ends)
        self._screen.say("Stopped.")


@contextmanager
def sole_owner(folder: Path) -> Iterator[None]:
    """Hold a data folder against a second city.

    Raises:
        BlockingIOError: another city uses it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield

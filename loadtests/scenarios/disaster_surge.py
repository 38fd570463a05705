"""A disaster surge: twenty times the disaster reads, while everything else goes on.

The steady day runs throughout, by those of ``--users`` that are not :class:`Resident`. For the
first part of the run residents look at alerts and shelters now and then; then twenty times as
often, and an operator declares an emergency, as one would. What must hold: every life-safety
request is answered, and their p99 in the surge is within twice the calm one, while others are shed
(503 with ``Retry-After``: counted as ``shed …``, and no failure). The run fails if it does not.

``SURGE_LEVEL`` chooses the emergency's level; ``none`` declares none.
"""

from __future__ import annotations

import os
import random
import time
from typing import Any, ClassVar, Final

import gevent
from locust import events, task
from locust.runners import WorkerRunner
from locust.stats import calculate_response_time_percentile

from loadtests.scenarios import steady_day
from loadtests.scenarios.city_user import CityUser
from loadtests.scenarios.mix import Read, Things
from loadtests.scenarios.operator import Operator

SURGE: Final = 20
RESIDENTS: Final = 80
EVERY_SECONDS: Final = 0.5
"""In the surge; each resident, on average."""
WARM_SECONDS: Final = 3.0
CALM_PART: Final = 0.45
"""Part of the run after which the surge begins."""
WITHIN: Final = 2.0
"""Times the calm p99."""
LEVELS: Final = ("elevated", "severe", "critical")

DISASTER: Final = (
    Read("/disaster/v1/shelters/nearest?lat={lat}&lon={lon}", 5),
    Read("/disaster/v1/alerts", 4),
    Read("/disaster/v1/shelters", 1),
)
_WEIGHTS = [read.weight for read in DISASTER]


class Everybody(steady_day.SteadyDay):
    """The steady day, which goes on as far as it is let."""

    may_be_shed = True


class Resident(CityUser):
    """Looks at what is dangerous and where to go."""

    fixed_count = RESIDENTS
    things: ClassVar[Things]
    began: ClassVar[float] = 0.0
    lasts: ClassVar[float] = 40.0

    def wait_time(self) -> float:
        """As of people who know nothing of each other; the surge wakes everybody."""
        wait = random.expovariate(1 / EVERY_SECONDS)
        until_surge = self.lasts * CALM_PART - (time.monotonic() - self.began)
        return min(wait * SURGE, until_surge + wait) if until_surge > 0 else wait

    @task
    def look(self) -> None:
        (read,) = random.choices(DISASTER, _WEIGHTS)
        name = f"{phase()} {read.path.partition('?')[0]}"
        self.call("GET", self.things.url(read), name=name)


def phase() -> str:
    """``warm``, ``calm`` or ``surge``, the same in every process that generates load."""
    now = time.monotonic() - Resident.began
    if now < WARM_SECONDS:
        return "warm"
    return "calm" if now < Resident.lasts * CALM_PART else "surge"


def level() -> str:
    """The emergency's level, ``""`` for none."""
    chosen = os.environ.get("SURGE_LEVEL", "critical")
    return chosen if chosen in LEVELS else ""


def begin(environment: Any, **_: Any) -> None:
    Resident.things = Things(Resident.connect(), DISASTER)
    Resident.lasts = float(environment.parsed_options.run_time or 40)
    Resident.began = time.monotonic()
    if level() and not isinstance(environment.runner, WorkerRunner):
        gevent.spawn_later(Resident.lasts * CALM_PART, Operator.load().declare, level())


def end(environment: Any, **_: Any) -> None:
    """Where all figures come together: what was seen, and whether it is good enough."""
    if isinstance(environment.runner, WorkerRunner):
        return
    if level():
        Operator.load().all_clear()
    entries = environment.stats.entries
    calm, surge = p99(entries, "calm"), p99(entries, "surge")
    shed = sum(entry.num_requests for (name, _), entry in entries.items() if _is(name, "shed"))
    print(f"life-safety p99: {calm:.0f} ms calm, {surge:.0f} ms in the surge; {shed} others shed")
    if not calm or not surge or surge > WITHIN * calm:
        print(f"not within {WITHIN:g} times of calm")
        environment.process_exit_code = 1


def p99(entries: Any, named: str) -> float:
    """Milliseconds, over all disaster reads of a phase; 0 when there was none."""
    times: dict[int, int] = {}
    for (name, _), entry in entries.items():
        if _is(name, named):
            for milliseconds, count in entry.response_times.items():
                times[milliseconds] = times.get(milliseconds, 0) + count
    many = sum(times.values())
    return float(calculate_response_time_percentile(times, many, 0.99)) if many else 0.0


def _is(name: str, kind: str) -> bool:
    return name.startswith(kind + " ")


events.test_start.add_listener(begin)  # type: ignore[no-untyped-call]
events.quitting.add_listener(end)  # type: ignore[no-untyped-call]

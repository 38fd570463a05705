"""A morning rush: the city wakes up, and everybody asks when the next bus comes.

Users are three kinds of applications. Their number follows :class:`Morning`: it doubles again and
again, stays, and ebbs; ``--users`` is the number at the peak, ``--run-time`` the whole morning.
"""

from __future__ import annotations

import random
from typing import Any, ClassVar, Final

from locust import LoadTestShape, constant_pacing, events, task

from loadtests.scenarios.city_user import CityUser
from loadtests.scenarios.mix import Read, Things
from loadtests.scenarios.morning import awake

COMMUTE: Final = (
    Read("/mobility/v1/stops/{id}/departures", 60, ids="/mobility/v1/stops"),
    Read("/mobility/v1/vehicles", 25),
    Read("/mobility/v1/stops", 5),
    Read("/disaster/v1/alerts", 5),
    Read("/ngsi-ld/v1/entities?type=Vehicle&limit=50", 5),
)
ERRANDS: Final = (
    Read("/administration/v1/facilities", 30),
    Read("/education/v1/schools", 30),
    Read("/medical/v1/hospitals", 20),
    Read("/logistics/v1/shipments", 20),
)


class Morning(LoadTestShape):
    """Users by the time of the morning; looked at every second by Locust."""

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        options: Any = self.runner and self.runner.environment.parsed_options
        most, lasts = options.num_users or 100, float(options.run_time or 30)
        part = self.get_run_time() / lasts  # type: ignore[no-untyped-call]
        if part >= 1:
            return None
        return max(1, round(most * awake(part))), float(most)


class Commuter(CityUser):
    """Looks again and again until the bus is there."""

    weight = 8
    wait_time = constant_pacing(0.25)
    things: ClassVar[Things]

    @task
    def look(self) -> None:
        (read,) = random.choices(COMMUTE, [read.weight for read in COMMUTE])
        self.call("GET", self.things.url(read), name=read.path.partition("?")[0])


class Household(CityUser):
    """Gets a day in order."""

    weight = 2
    wait_time = constant_pacing(0.5)

    @task
    def look_up(self) -> None:
        (read,) = random.choices(ERRANDS, [read.weight for read in ERRANDS])
        self.call("GET", read.path, name=read.path)


def look_around(**_: object) -> None:
    Commuter.things = Things(Commuter.connect(), COMMUTE)


events.test_start.add_listener(look_around)  # type: ignore[no-untyped-call]

"""What evacuation needs to know of an alert, and which alerts call for guidance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.evacuation.geometry import LonLat, Patch, haversine

_MOST_PATCHES: Final = 8
_HARMLESS_SEVERITY: Final = "minor"
_OVER: Final = "past"


@dataclass(frozen=True)
class City:
    """The city that guidance is for.

    Attributes:
        code: the municipality's code with check digit (全国地方公共団体コード); its first two
            digits are the prefecture's.
        centre, radius: a circle (metres) that holds the built-up city.
    """

    code: str
    centre: LonLat
    radius: float

    def is_named_by(self, codes: Iterable[str]) -> bool:
        """Whether an area code is this city's or its whole prefecture's.

        Understands municipality codes of five or six digits, the seven digits of the Japan
        Meteorological Agency's 市町村等 areas, and prefectures as ``NN`` or ``NN0000``.
        """
        prefecture, city = self.code[:2], self.code[:5]
        whole = {prefecture, prefecture + "0000"}
        return any(code in whole or (len(code) >= 5 and code[:5] == city) for code in codes)

    @property
    def patch(self) -> Patch:
        return Patch.circle(self.centre, self.radius)


MIRAI: Final = City("099999", (139.88, 36.55), 6_000.0)
"""みらい市, the sample city."""


@dataclass(frozen=True)
class Alert:
    """What guidance needs of an actual alert, CAP 1.2's words in lower case.

    Attributes:
        id: the alert's entity, the same through all its updates.
        over: cancelled, or expired by the word of the disaster domain.
        hazard: of :data:`services.evacuation.hazards.HAZARDS`, or empty.
        codes: of the alerted areas.
        patches: geometry of the alerted areas; may be empty where there are only codes.
    """

    id: str
    event: str
    over: bool
    hazard: str
    severity: str
    urgency: str
    headline: str
    area_names: tuple[str, ...]
    codes: frozenset[str]
    patches: tuple[Patch, ...]
    expires: datetime | None


def needs_no_action(alert: Alert, now: datetime) -> str:
    """Why an alert calls for no guidance anywhere; empty when it does call for some.

    Sources: CAP 1.2 §3.2.2 ``urgency`` (*Past*: "responsive action is no longer required"),
    ``severity`` (*Minor*: "minimal to no known threat to life or property"), ``expires``. What is
    unknown counts as dangerous.
    """
    if alert.over:
        return "it is cancelled or over"
    if alert.expires and alert.expires <= now:
        return "it has expired"
    if alert.urgency == _OVER:
        return "its urgency is past"
    if alert.severity == _HARMLESS_SEVERITY:
        return "its severity is minor"
    return ""


def alerted_in(city: City, alert: Alert) -> tuple[Patch, ...]:
    """The alerted parts of a city, largest first; empty when the alert is about elsewhere.

    A patch larger than the city says no more than "here", and stands for the city as a whole; so
    does an area known only by the city's or its prefecture's code. Of very many patches the
    largest are looked at.
    """
    if not alert.patches:
        return (city.patch,) if city.is_named_by(alert.codes) else ()
    near = [patch for patch in alert.patches if _touches(city, patch)]
    if any(patch.radius > city.radius and patch.contains(city.centre) for patch in near):
        return (city.patch,)
    return tuple(sorted(near, key=lambda patch: -patch.radius)[:_MOST_PATCHES])


def _touches(city: City, patch: Patch) -> bool:
    return (
        haversine(city.centre, patch.centre) <= city.radius + patch.radius
        and patch.distance(city.centre) <= city.radius
    )

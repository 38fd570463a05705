"""The bus network of Mirai City (みらい市): who runs where, and how often. All invented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

AGENCY: Final = ("mirai", "みらい市営バス", "https://bus.mirai.example/", "Asia/Tokyo", "ja")

STOPS: Final = {
    # stop_id: (name, English name, latitude, longitude)
    "S01": ("みらい駅前", "Mirai Station", 36.5500, 139.8800),
    "S02": ("市役所前", "City Hall", 36.5536, 139.8812),
    "S03": ("中央図書館", "Central Library", 36.5571, 139.8829),
    "S04": ("みらい中央病院", "Mirai Central Hospital", 36.5613, 139.8845),
    "S05": ("北町小学校", "Kitamachi Elementary School", 36.5658, 139.8853),
    "S06": ("北ニュータウン", "Kita New Town", 36.5705, 139.8861),
    "S07": ("商店街入口", "Shopping Street", 36.5468, 139.8787),
    "S08": ("南公園", "Minami Park", 36.5429, 139.8776),
    "S09": ("南体育館", "Minami Gymnasium", 36.5387, 139.8768),
    "S10": ("川沿い団地", "Kawazoi Estate", 36.5342, 139.8759),
    "S11": ("東一丁目", "Higashi 1-chome", 36.5507, 139.8852),
    "S12": ("東中学校", "Higashi Junior High School", 36.5514, 139.8908),
    "S13": ("物流センター", "Logistics Centre", 36.5521, 139.8967),
    "S14": ("工業団地", "Industrial Park", 36.5528, 139.9029),
    "S15": ("西一丁目", "Nishi 1-chome", 36.5495, 139.8746),
    "S16": ("西高校", "Nishi High School", 36.5489, 139.8689),
    "S17": ("みらい大学", "Mirai University", 36.5484, 139.8630),
    "S18": ("森の診療所", "Mori Clinic", 36.5478, 139.8569),
    "S19": ("城址公園", "Castle Ruins Park", 36.5549, 139.8752),
    "S20": ("市民会館", "Civic Hall", 36.5473, 139.8836),
}


@dataclass(frozen=True)
class Line:
    """A line: there by ``stops`` and back again, unless it is a circle."""

    id: str
    name: str
    english: str
    color: str
    stops: tuple[str, ...]
    circle: bool = False


LINES: Final = (
    Line(
        "R1", "南北線", "North-South Line", "0072BC",
        ("S06", "S05", "S04", "S03", "S02", "S01", "S07", "S08", "S09", "S10"),
    ),
    Line(
        "R2", "東西線", "East-West Line", "E60012",
        ("S18", "S17", "S16", "S15", "S01", "S11", "S12", "S13", "S14"),
    ),
    Line(
        "R3", "中心市街地循環", "City Centre Circle", "009944",
        ("S01", "S11", "S02", "S19", "S15", "S07", "S20", "S01"), circle=True,
    ),
    Line(
        "R4", "病院シャトル", "Hospital Shuttle", "F39800",
        ("S01", "S02", "S04"),
    ),
)  # fmt: skip

SECONDS_BETWEEN: Final = 180
"""From stop to stop."""
DWELL: Final = 20
"""Seconds at a stop."""


@dataclass(frozen=True)
class Service:
    """On which weekdays (Monday first) and how often: seconds between buses by day and by night."""

    id: str
    days: str
    headway: int
    night_headway: int = 1800


SERVICES: Final = (
    Service("weekday", "1111100", 600),
    Service("weekend", "0000011", 900),
)
DAY_BEGINS: Final = 5 * 3600
"""Seconds after midnight at which the day's headway begins; buses run through the night."""

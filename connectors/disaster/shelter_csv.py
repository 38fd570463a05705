"""Shelters from municipal open data (推奨データセット 指定緊急避難場所一覧, 避難所一覧) → entities.

Columns are found by name in any order; unknown ones are passed over. Municipalities add columns of
their own in a disaster: 人数… (people there, with the time in the column's name), 開設状況 (open or
not); these are read too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from math import isfinite
from typing import Final

from connectors.disaster.japanese import capacities, moment_in, moment_of, whole
from connectors.disaster.table import Row, rows
from connectors.faults import Faults
from schemas.disaster import Hazard, Shelter
from schemas.ngsild import Point, urn

STANDARD: Final = "推奨データセット 指定緊急避難場所・指定避難所 (CSV)"

_ID, _NAME = ("ID", "NO", "No"), ("名称", "施設・場所名")
_LATITUDE, _LONGITUDE = ("緯度",), ("経度",)
_ADDRESS: Final = ("所在地_連結表記", "住所", "所在地")
_OPEN, _UPDATED = "開設状況", "更新日時"
_PEOPLE: Final = ("人数", "避難者数")
_CAPACITY: Final = "想定収容人数"

_HAZARDS: Final[dict[str, Hazard]] = {
    "洪水": "flood",
    "崖崩れ、土石流及び地滑り": "landslide",
    "高潮": "storm-surge",
    "地震": "earthquake",
    "津波": "tsunami",
    "大規模な火事": "fire",
    "内水氾濫": "inland-flood",
    "火山現象": "volcano",
}
_YES: Final = ("1", "1.0", "○", "〇", "◯", "有", "可")
_OPENED: Final = {"開設": True, "開設中": True, "未開設": False, "閉鎖": False, "閉所": False}


def parse_shelters(raw: bytes) -> dict[str, Shelter]:
    """Shelters by the municipality's own id, in the file's order.

    Raises:
        Unprocessable: a column is missing, or a line has what cannot be.
    """
    faults = Faults(STANDARD)
    header, lines = rows(raw, faults)
    for names in (_ID, _NAME, _LATITUDE, _LONGITUDE):
        if not set(names) & set(header):
            faults.add(f"line 1 {names[0]}", "The column is missing.", "add it")
    faults.check()
    file = _File(header, faults)
    found: dict[str, Shelter] = {}
    for row in lines:
        shelter = file.shelter(row)
        if shelter.shelter_id in found:
            faults.add(row.at(*_ID), f"{shelter.shelter_id!r} is there twice.", "keep one of them")
        found[shelter.shelter_id] = shelter
    if not found:
        faults.add("line 2", "There are no shelters in the file.")
    faults.check()
    return found


class _File:
    """What holds for every line of a file."""

    def __init__(self, header: tuple[str, ...], faults: Faults) -> None:
        self._faults = faults
        self._people = next((name for name in header if name.startswith(_PEOPLE)), "")
        self._counted = moment_in(self._people)

    def shelter(self, row: Row) -> Shelter:
        identity = self._required(row, _ID)
        indoors, outdoors = self._capacity(row)
        people = self._count(row, self._people) if self._people else None
        return Shelter(
            id=urn("Shelter", identity or f"line-{row.line}"),
            observed_at=self._observed(row),
            shelter_id=identity,
            name=self._required(row, _NAME),
            names=_names(row),
            address=row.text(*_ADDRESS) or None,
            district=row.text("地区") or None,
            location=self._location(row),
            elevation=self._number(row, "標高"),
            telephone=row.text("電話番号") or None,
            hazards=tuple(dict.fromkeys(_hazards(row))),
            capacity=indoors,
            outdoor_capacity=outdoors,
            occupants=people,
            vacancies=vacancies(indoors, people),
            open=self._is_open(row, people),
            serves=row.text("対象となる町会・自治会") or None,
            note=row.text("備考") or None,
        )

    def _required(self, row: Row, columns: tuple[str, ...]) -> str:
        text = row.text(*columns)
        if not text:
            self._faults.add(row.at(*columns), "A value is needed here.")
        return text

    def _number(self, row: Row, column: str) -> float | None:
        text = row.text(column)
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not isfinite(value):
            self._faults.add(row.at(column), f"{text[:40]!r} is not a number.")
            return None
        return value

    def _location(self, row: Row) -> Point | None:
        latitude, longitude = self._number(row, "緯度"), self._number(row, "経度")
        if latitude is None or longitude is None:
            if latitude is not longitude:
                self._faults.add(row.at(*_LATITUDE), "Only one of 緯度 and 経度 is there.")
            return None  # an address alone: it is listed, but is near nowhere
        if abs(latitude) > 90 or abs(longitude) > 180:
            self._faults.add(row.at(*_LATITUDE), f"{latitude}, {longitude} is not on the earth.")
            return None
        return Point.at(latitude, longitude)

    def _capacity(self, row: Row) -> tuple[int | None, int | None]:
        text = row.text(_CAPACITY)
        found = capacities(text)
        if found is None:
            self._faults.add(
                row.at(_CAPACITY), f"{text[:40]!r} is not a number of persons.", "write 480"
            )
            return None, None
        return found

    def _count(self, row: Row, column: str) -> int | None:
        text = row.text(column)
        found = whole(text)
        if text and found is None:
            self._faults.add(row.at(column), f"{text[:40]!r} is not a number of persons.")
        return found

    def _is_open(self, row: Row, people: int | None) -> bool | None:
        text = row.text(_OPEN)
        if not text:
            return True if people is not None else None  # people are counted where it is open
        if text not in _OPENED:
            self._faults.add(row.at(_OPEN), f"{text[:20]!r} is none of: {', '.join(_OPENED)}.")
        return _OPENED.get(text)

    def _observed(self, row: Row) -> datetime | None:
        text = row.text(_UPDATED)
        moment = moment_of(text) if text else self._counted
        if text and moment is None:
            self._faults.add(
                row.at(_UPDATED), f"{text[:40]!r} is not a time.", "write 2026-04-01T09:30:00+09:00"
            )
        return moment


def vacancies(capacity: int | None, occupants: int | None) -> int | None:
    """Places left indoors; unknown where the capacity is."""
    return None if capacity is None else max(0, capacity - (occupants or 0))


def _names(row: Row) -> dict[str, str] | None:
    told = {"ja-Kana": row.text("名称_カナ"), "en": row.text("名称_英字", "名称_英語")}
    return {language: name for language, name in told.items() if name} or None


def _hazards(row: Row) -> Iterator[Hazard]:
    for name, hazard in _HAZARDS.items():
        if row.text(f"災害種別_{name}", name) in _YES:
            yield hazard

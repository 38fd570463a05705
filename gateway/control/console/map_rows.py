"""What is on the map as a list: the same, for those who do not see a map. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from gateway.control.citymap.things import Thing

Texts = Mapping[str, str]
MOST: Final = 200
"""Rows of a kind."""
_STATES: Final = {
    "STOPPED_AT": "map_stopped",
    "INCOMING_AT": "map_arriving",
    "IN_TRANSIT_TO": "map_moving",
}


def rows(things: Iterable[Thing], language: str, texts: Texts) -> dict[str, Any]:
    """The list: ``alerts``, ``shelters``, ``vehicles``, each with how many ``more`` there are."""
    by_kind: dict[str, list[Thing]] = {"alert": [], "shelter": [], "vehicle": []}
    for one in things:
        by_kind["alert" if one["kind"] == "drill" else one["kind"]].append(one)
    made = {
        "alerts": [_alert(one, language, texts) for one in by_kind["alert"]],
        "shelters": [_shelter(one, language, texts) for one in by_kind["shelter"]],
        "vehicles": [_vehicle(one, language, texts) for one in by_kind["vehicle"]],
    }
    shown = {name: sorted(some, key=_order)[:MOST] for name, some in made.items()}
    more = {name: max(0, len(some) - MOST) for name, some in made.items()}
    return {**shown, "more": more}


def _order(row: Mapping[str, Any]) -> tuple[bool, str, str]:
    # what is real before what is practised
    return bool(row.get("drill")), str(row.get("route", "")), row["name"]


def _alert(one: Thing, language: str, texts: Texts) -> dict[str, Any]:
    severe = one["severity"] in {"extreme", "severe"}
    return {
        "id": one["id"],
        "name": one["name"][language],
        "drill": one["kind"] == "drill",
        "badge": "bad" if severe and one["kind"] == "alert" else "warn",
        "severity": texts.get("severity_" + one["severity"], texts["severity_unknown"]),
        "placed": one["geometry"] is not None,
    }


def _shelter(one: Thing, language: str, texts: Texts) -> dict[str, Any]:
    state = {True: "map_open", False: "map_closed", None: "map_unknown"}[one["open"]]
    people = texts["map_people_unknown"]
    if one["occupants"] is not None:
        capacity = "?" if one["capacity"] is None else f"{one['capacity']:g}"
        people = texts["map_of"].format(f"{one['occupants']:g}", capacity)
    return {
        "id": one["id"],
        "name": one["name"][language],
        "badge": "good" if one["open"] else "still",
        "state": texts[state],
        "people": people,
    }


def _vehicle(one: Thing, language: str, texts: Texts) -> dict[str, Any]:
    return {
        "id": one["id"],
        "name": one["name"][language],
        "route": one["route"],
        "state": texts[_STATES.get(one["status"], "map_unknown")],
    }

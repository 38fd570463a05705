"""Warnings in JMA telegrams: tsunami (VTSE41 …), weather (VPWW53/54 …), and what else there is."""

from __future__ import annotations

from typing import Any, Final

from connectors.disaster.document import Node
from connectors.disaster.jma_quake import epicentre
from schemas.disaster import Area, Code, Parameter

_GRADES: Final = (
    # the first that the kind's name contains; longer names first, for they contain the shorter
    ("大津波警報", "extreme", "immediate", "likely"),
    ("特別警報", "extreme", "immediate", "likely"),
    ("危険警報", "severe", "immediate", "likely"),
    ("氾濫発生", "extreme", "immediate", "observed"),
    ("氾濫危険", "severe", "immediate", "likely"),
    ("記録的短時間大雨", "severe", "immediate", "observed"),
    ("警報", "severe", "expected", "likely"),
    ("警戒", "severe", "immediate", "likely"),
    ("注意情報", "moderate", "expected", "possible"),
    ("注意報", "moderate", "expected", "possible"),
    ("予報", "minor", "future", "possible"),
)
"""Kind of warning → CAP severity, urgency, certainty."""

_TSUNAMI_URGENCY: Final = "immediate"  # a tsunami warning of any kind means: leave the shore now
_LIFTED: Final = ("解除", "津波なし", "発表警報・注意報はなし", "なし")
_MUNICIPALITIES: Final = "市町村等）"
_CITY_SCHEME: Final = "気象・地震・火山情報／市町村等"


def tsunami(body: Node) -> dict[str, Any]:
    """Attributes of the alert: forecast regions with what holds there."""
    areas, kinds = [], []
    for item in body.all("Tsunami")[0].first_all("Forecast", "Item"):
        kind = item.value("Category/Kind/Name")
        if _is_lifted(kind):
            continue
        height = item.first("MaxHeight/TsunamiHeight")
        told = height.get("description") if height else ""
        kinds.append(kind)
        areas.append(_area(item, "津波予報区", f"{kind}（{told}）" if told else kind))
    return {
        **_graded(kinds, "geo"),
        **({"urgency": _TSUNAMI_URGENCY} if kinds else {}),
        "areas": tuple(areas),
        "location": epicentre(body),
        "lifted": not areas,
    }


def warnings(body: Node) -> dict[str, Any]:
    """Attributes of the alert: municipalities with what holds there."""
    tables = body.all("Warning")
    table = next((t for t in tables if t.get("type").endswith(_MUNICIPALITIES)), tables[-1])
    areas, kinds = [], []
    for item in table.all("Item"):
        here = [
            kind.value("Name")
            for kind in item.all("Kind")
            if not _is_lifted(kind.value("Status")) and not _is_lifted(kind.value("Name"))
        ]
        here = [name for name in here if name]
        if here:
            kinds += here
            areas.append(_area(item, _CITY_SCHEME, "、".join(here)))
    return {**_graded(kinds, "met"), "areas": tuple(areas), "lifted": not areas}


def headline_areas(head: Node, category: str) -> dict[str, Any]:
    """Attributes of any other alert: what its headline says, area by area.

    A telegram without such areas (a forecast, a forecaster's comment) is no alert and is refused.
    """
    areas, kinds = [], []
    if head.first("Headline/Information") is None:
        head.faults.add(head.where, "This telegram warns of nothing: it is no alert.")
    for information in head.first_all("Headline", "Information"):
        for item in information.all("Item"):
            kind = item.value("Kind/Name")
            kinds.append(kind)
            for group in item.all("Areas"):
                scheme = group.get("codeType") or information.get("type")
                areas += [_named(area, scheme, kind) for area in group.all("Area")]
    return {**_graded(kinds, category), "areas": tuple(dict.fromkeys(areas))}


def _is_lifted(kind: str) -> bool:
    return kind.startswith(_LIFTED) or kind.endswith("解除")


def _area(item: Node, scheme: str, level: str) -> Area:
    area = item.first("Area")
    if area is None:
        item.faults.stop(item.where, "The item has no Area.")
    return _named(area, scheme, level)


def _named(area: Node, scheme: str, level: str) -> Area:
    return Area(
        name=area.required("Name"),
        codes=(Code(scheme=scheme, value=area.required("Code")),),
        level=level or None,
    )


def _graded(kinds: list[str], category: str) -> dict[str, Any]:
    """The gravest kind's grade; the event names all kinds of that grade."""
    for word, severity, urgency, certainty in _GRADES:
        named = tuple(dict.fromkeys(kind for kind in kinds if word in kind))
        if named:
            return {
                "category": category,
                "event": "、".join(named),
                "severity": severity,
                "urgency": urgency,
                "certainty": certainty,
                "parameters": tuple(
                    Parameter(name="Kind", value=kind) for kind in dict.fromkeys(kinds)
                ),
            }
    return {"category": category}

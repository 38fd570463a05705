"""Quakes in JMA telegrams (VXSE51 震度速報, VXSE52 震源, VXSE53 震源・震度, …)."""

from __future__ import annotations

import re
from typing import Any, Final

from connectors.disaster.document import Node
from schemas.disaster import Area, Code, Parameter
from schemas.ngsild import Point

_GRADES: Final = {
    "7": "extreme", "6+": "extreme", "6-": "extreme", "5+": "severe", "5-": "severe",
    "4": "moderate", "3": "moderate", "2": "minor", "1": "minor",
}  # fmt: skip
"""Intensity (気象庁震度階級) → CAP severity: from 5弱 on damage is to be expected, from 6弱 on
buildings fall (気象庁震度階級関連解説表)."""

_WORDS: Final = {"5-": "5弱", "5+": "5強", "6-": "6弱", "6+": "6強"}
_COORDINATE = re.compile(r"([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)?/")

_PREFECTURE, _REGION, _CITY = "Pref", "Pref/Area", "Pref/Area/City"
_SCHEMES: Final = {
    _PREFECTURE: "地震情報／都道府県等",
    _REGION: "地震情報／細分区域",
    _CITY: "気象・地震・火山情報／市町村等",
}


def quake(body: Node) -> dict[str, Any]:
    """Attributes of the alert: where it shook and how strongly, and the epicentre."""
    observed = body.first("Intensity/Observation")
    most = observed.value("MaxInt") if observed else ""
    severity = _GRADES.get(most, "unknown")
    origin = body.time("Earthquake/OriginTime")
    texts = [node.value("Text") for c in body.all("Comments") for node in c.walk()]
    return {
        "category": "geo",
        "severity": severity,
        # what has shaken is over, unless it was strong enough that people must act now
        "urgency": "immediate" if severity in ("severe", "extreme") else "past",
        "certainty": "observed",
        **({"onset": origin} if origin else {}),
        "description": "\n".join(text for text in texts if text) or None,
        "areas": _shaken(observed) if observed else (),
        "location": epicentre(body),
        "parameters": _parameters(body, most),
    }


def epicentre(body: Node) -> Point | None:
    """The epicentre (震源), where the telegram knows it.

    Telegrams give tenths of a degree; that some name the Tokyo datum (日本測地系), 400 m off, is
    lost in the rounding.
    """
    node = body.first("Earthquake/Hypocenter/Area/Coordinate")
    found = _COORDINATE.match(node.text) if node else None
    if node is None or found is None:
        return None
    latitude, longitude = float(found[1]), float(found[2])
    if abs(latitude) > 90 or abs(longitude) > 180:
        node.faults.add(node.where, f"{node.text[:40]!r} is not a place on the earth.")
        return None
    return Point.at(latitude, longitude)


def _shaken(observed: Node) -> tuple[Area, ...]:
    """The most detailed areas that the telegram has: municipalities, or regions."""
    found = []
    for prefecture in observed.all("Pref"):
        for region in prefecture.all("Area"):
            cities = [_area(city, _CITY) for city in region.all("City")]
            found += cities or [_area(region, _REGION)]
        if not prefecture.all("Area"):
            found.append(_area(prefecture, _PREFECTURE))
    return tuple(found)


def _area(node: Node, level: str) -> Area:
    intensity = node.value("MaxInt")
    return Area(
        name=node.required("Name"),
        codes=(Code(scheme=_SCHEMES[level], value=node.required("Code")),),
        level=f"震度{_WORDS.get(intensity, intensity)}" if intensity else None,
    )


def _parameters(body: Node, most: str) -> tuple[Parameter, ...]:
    area, node = body.first("Earthquake/Hypocenter/Area"), body.first("Earthquake")
    coordinate = area.first("Coordinate") if area else None
    depth = _COORDINATE.match(coordinate.text) if coordinate else None
    told = {
        "OriginTime": node.value("OriginTime") if node else "",
        "Hypocenter": area.value("Name") if area else "",
        "DepthMetres": f"{abs(float(depth[3])):g}" if depth and depth[3] else "",
        "Magnitude": node.value("Magnitude") if node else "",
        "MaxInt": most,
    }
    return tuple(Parameter(name=name, value=value) for name, value in told.items() if value)

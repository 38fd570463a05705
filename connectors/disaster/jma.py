"""JMA 防災情報XML (the Japan Meteorological Agency's telegrams, format version 1): → a report.

Every telegram has Control (how it was sent), Head (what it is about) and a Body, whose namespace
says the field: seismology (quakes, tsunami), meteorology (warnings), and others.

Control/Status keeps 訓練 and 試験 apart from 通常; Head/InfoType says 発表, 訂正 (corrects), 遅延
(late) or 取消 (withdraws); Head/EventID with Control/Title names the series that it follows.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from connectors.disaster.document import Node
from connectors.disaster.jma_quake import quake
from connectors.disaster.jma_warnings import headline_areas, tsunami, warnings
from connectors.disaster.report import Report
from schemas.disaster import AlertText, Parameter

NAMESPACE: Final = "http://xml.kishou.go.jp/jmaxml1/"
STANDARD: Final = "JMA XML 1"
QUAKE_STAYS: Final = timedelta(hours=24)
"""For how long the report of a quake counts: telegrams of quakes are never lifted."""

_STATUS: Final = {"通常": "actual", "訓練": "exercise", "試験": "test"}
_TYPES: Final = {"発表": "told", "訂正": "told", "遅延": "told", "取消": "cancel"}
_LANGUAGE: Final = "ja"


def parse_jma(root: Node) -> Report:
    """Read the root of a telegram.

    Raises:
        Unprocessable: something that every telegram has is missing or wrong.
    """
    control, head = root.first("Control"), root.first("Head")
    body = root.first("Body")
    if control is None or head is None or body is None:
        root.faults.stop(root.where, "A telegram has Control, Head and Body; one is missing.")
    status = control.word("Status", _STATUS)
    kind = head.word("InfoType", _TYPES)
    reported, sent = head.time("ReportDateTime"), control.time("DateTime")
    for node, path in ((head, "ReportDateTime"), (control, "DateTime"), (control, "Title")):
        node.required(path)
    found = _found(body, head) if kind != "cancel" else {}
    root.faults.check()
    lifted = kind != "cancel" and found.pop("lifted", False)
    own = _head(control, head)
    parameters = (*own["parameters"], *found.get("parameters", ()))
    told = {**own, **found, "parameters": parameters, "sent": reported}
    ends, stays = _over(head, reported, is_quake=_is_quake(body))
    return Report(
        standard=STANDARD,
        status=status,
        kind="cancel" if kind == "cancel" or lifted else "told",
        key=_key(control, head),
        replaces=(_series(control, head),),
        order=_order(head, reported, sent),
        told={**told, "expires": ends if head.value("ValidDateTime") else None},
        ends=ends,
        stays=stays,
        about=kind != "cancel",
    )


def _is_quake(body: Node) -> bool:
    return "seismology" in body.namespace and body.first("Tsunami") is None


def _over(
    head: Node, reported: datetime | None, *, is_quake: bool
) -> tuple[datetime | None, timedelta | None]:
    """When it is over by its own words or by rule; warnings count until they are lifted."""
    told = head.time("ValidDateTime")
    if told or not is_quake or not reported:
        return told, None
    return reported + QUAKE_STAYS, None


def _found(body: Node, head: Node) -> dict[str, Any]:
    """What the body says, by its field."""
    if "seismology" in body.namespace and body.first("Tsunami/Forecast") is not None:
        return tsunami(body)
    if "seismology" in body.namespace:
        return quake(body)
    if "meteorology" in body.namespace and body.first("Warning") is not None:
        return warnings(body)
    return headline_areas(head, "geo" if "volcanology" in body.namespace else "met")


def _head(control: Node, head: Node) -> dict[str, Any]:
    """What every telegram says of itself."""
    title, text = head.value("Title") or control.value("Title"), head.value("Headline/Text")
    return {
        "sender": control.value("PublishingOffice") or "気象庁",
        "sender_name": control.value("EditorialOffice") or None,
        "identifier": _identifier(control, head),
        "alert_source": STANDARD,
        "category": "geo",
        "severity": "unknown",
        "urgency": "unknown",
        "certainty": "unknown",
        "event": title,
        "headline": text or title,
        "texts": (AlertText(language=_LANGUAGE, event=title, headline=text or title),),
        "onset": head.time("TargetDateTime"),
        "parameters": tuple(
            Parameter(name=path, value=value)
            for path in ("Title", "EventID", "InfoType", "Serial")
            if (value := control.value(path) if path == "Title" else head.value(path))
        ),
    }


def _identifier(control: Node, head: Node) -> str:
    about = head.value("EventID") or head.value("Title") or control.value("Title")
    number = head.value("Serial") or head.value("ReportDateTime")
    return f"{about}/{number}"[:400]


def _series(control: Node, head: Node) -> str:
    """What the telegram follows; warnings of weather have no EventID: their title has the area."""
    about = head.value("EventID") or head.value("Title")
    return f"jma|{control.value('Title')}|{about}"


def _key(control: Node, head: Node) -> str:
    parts = (
        *(head.value(path) for path in ("Serial", "InfoType", "ReportDateTime")),
        *(control.value(path) for path in ("DateTime", "EditorialOffice")),
    )
    return "|".join((_series(control, head), *parts))


def _order(head: Node, reported: datetime | None, sent: datetime | None) -> str:
    """By time of the report, then number, then time of sending: 訂正 may repeat the first two."""
    serial = head.value("Serial")
    number = int(serial) if serial.isascii() and serial.isdigit() and len(serial) < 9 else 0
    moments = (moment.timestamp() if moment else 0.0 for moment in (reported, sent))
    first, last = moments
    return f"{first:020.3f}|{number:09}|{last:020.3f}"

"""CAP, the Common Alerting Protocol 1.1 and 1.2 (OASIS): an alert message → a report.

Only *Public* messages are taken (§3.2.1 ``scope``): what is served here is open to everybody.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from connectors.disaster.areas import areas_of
from connectors.disaster.document import Node
from connectors.disaster.geometry import together
from connectors.disaster.report import Report
from schemas.disaster import AlertText, Code, Parameter

NAMESPACES: Final = {
    "urn:oasis:names:tc:emergency:cap:1.1": "CAP 1.1",
    "urn:oasis:names:tc:emergency:cap:1.2": "CAP 1.2",
}
STAYS: Final = timedelta(hours=24)
"""For how long an alert counts that says no ``expires``: "each recipient is free to set its own
policy" (§3.2.2)."""

_STATUS: Final = {word: word.lower() for word in ("Actual", "Exercise", "System", "Test", "Draft")}
_KINDS: Final = {"Alert": "told", "Update": "told", "Cancel": "cancel"}
_SCOPE: Final = {"Public": "public"}
_CATEGORIES: Final = (
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra",
    "CBRNE", "Other",
)  # fmt: skip
_CATEGORY: Final = {word: word.lower() for word in _CATEGORIES}
_SEVERITY: Final = {
    word: word.lower() for word in ("Extreme", "Severe", "Moderate", "Minor", "Unknown")
}
_URGENCY: Final = {
    word: word.lower() for word in ("Immediate", "Expected", "Future", "Past", "Unknown")
}
_CERTAINTY: Final = {
    **{word: word.lower() for word in ("Observed", "Likely", "Possible", "Unlikely", "Unknown")},
    "Very Likely": "likely",  # CAP 1.0; 1.1 and 1.2 have receivers take it as Likely
}
_MOST_INFOS: Final = 20
_MOST_REFERENCES: Final = 500
_DEFAULT_LANGUAGE: Final = "en-US"  # §3.2.2: "If not present, an implicit default value"


def parse_cap(root: Node) -> Report:
    """Read the root of a CAP message.

    Raises:
        Unprocessable: it is not a message that the standard allows, or not for the public.
    """
    status = root.word("status", _STATUS)
    kind = root.word("msgType", _KINDS)
    root.word("scope", _SCOPE)
    sent = root.time("sent")
    sender, identifier = _name(root, "sender"), _name(root, "identifier")
    infos = root.all("info")
    if not root.value("sent"):
        root.required("sent")
    if not infos and kind != "cancel":
        root.faults.add(root.where, "An Alert or Update needs an info.")
    if len(infos) > _MOST_INFOS:
        root.faults.stop(root.where, f"More than {_MOST_INFOS} infos.")
    told = {"sender": sender, "identifier": identifier, "sent": sent, **_told(infos)}
    references = _references(root)
    root.faults.check()
    standard = NAMESPACES[root.namespace]
    moment = sent.timestamp() if sent else 0.0
    return Report(
        standard=standard,
        status=status,
        kind="cancel" if kind == "cancel" else "told",
        key=_key(sender, identifier, moment),
        replaces=references,
        order=f"{moment:020.3f}",
        told={**told, "alert_source": standard},
        ends=told.get("expires"),
        stays=STAYS,
        about=bool(infos),
    )


def _name(root: Node, path: str) -> str:
    value = root.required(path)
    if any(sign in value for sign in " ,<&\n\t"):
        root.faults.add(f"{root.where}/{path}", "It must not contain spaces, commas, < or &.")
    if len(value) > 400:
        root.faults.add(f"{root.where}/{path}", "It is longer than 400 characters.")
    return value


def _key(sender: str, identifier: str, moment: float) -> str:
    return f"cap|{sender}|{identifier}|{int(moment)}"


def _references(root: Node) -> tuple[str, ...]:
    """The messages that this one is about: ``sender,identifier,sent`` each (§3.2.1)."""
    found = []
    for triple in root.value("references").split():
        parts = triple.split(",")
        if len(parts) != 3:
            root.faults.add(
                f"{root.where}/references",
                f"{triple[:80]!r} is not sender,identifier,sent.",
            )
            continue
        sent = _moment(parts[2])
        if sent is None:
            root.faults.add(f"{root.where}/references", f"{parts[2][:40]!r} is not a time.")
            continue
        found.append(_key(parts[0], parts[1], sent))
    if len(found) > _MOST_REFERENCES:
        root.faults.add(f"{root.where}/references", f"More than {_MOST_REFERENCES} messages.")
    return tuple(dict.fromkeys(found))


def _moment(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo and 1900 < moment.year < 2200 else None


def _told(infos: list[Node]) -> dict[str, Any]:
    """The infos as one: each language's texts, the gravest info's words, all areas."""
    if not infos:
        return dict(_NOTHING)
    gravest = min(infos, key=_gravity)
    first = _text(infos[0])
    areas = areas_of(infos, _language)
    expiries = [info.time("expires") for info in infos]
    return {
        "category": gravest.word("category", _CATEGORY),
        "severity": gravest.word("severity", _SEVERITY),
        "urgency": gravest.word("urgency", _URGENCY),
        "certainty": gravest.word("certainty", _CERTAINTY),
        "sender_name": infos[0].value("senderName") or None,
        **first.model_dump(exclude={"language"}),
        "texts": tuple(_text(info) for info in infos),
        "effective": infos[0].time("effective"),
        "onset": infos[0].time("onset"),
        "expires": max((e for e in expiries if e), default=None) if all(expiries) else None,
        "web": infos[0].value("web") or None,
        "areas": areas,
        "location": together(area.geometry for area in areas),
        "parameters": tuple(
            Parameter(name=p.value("valueName"), value=p.value("value"))
            for p in infos[0].all("parameter")
        ),
        "event_codes": tuple(
            Code(scheme=c.value("valueName"), value=c.value("value"))
            for c in infos[0].all("eventCode")
        ),
    }


_NOTHING: Final = {
    "category": "other",
    "severity": "unknown",
    "urgency": "unknown",
    "certainty": "unknown",
    "event": "cancelled",
}


def _gravity(info: Node) -> int:
    words = list(_SEVERITY)
    severity = info.value("severity")
    return words.index(severity) if severity in words else len(words)


def _language(info: Node) -> str:
    return info.value("language") or _DEFAULT_LANGUAGE


def _text(info: Node) -> AlertText:
    return AlertText(
        language=_language(info),
        event=info.required("event"),
        headline=info.value("headline") or None,
        description=info.value("description") or None,
        instruction=info.value("instruction") or None,
    )

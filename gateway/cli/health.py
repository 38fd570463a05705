"""Whether a city is well, asked through its open API alone.

The city judges itself (``GET /control/v1/live``); what it cannot say of itself, such as that it is
away, is asked here. What may not be asked with the scopes at hand is said to be unknown, and is no
fault.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlsplit

from gateway.cli.operator import Operator, Refused

State = Literal["ok", "watch", "bad", "unknown"]
"""``watch``: somebody should look, but nothing is broken."""

_SOON: Final = timedelta(days=14)
_JUDGED: Final[dict[str, State]] = {"well": "ok", "watch": "watch", "act": "bad"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        fix: what to do about it.
    """

    name: str
    state: State
    text: str
    fix: str = ""

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def checks(city: Operator) -> list[Check]:
    """Everything that was looked at, in the order of a request's way.

    Raises:
        Refused: the credentials are not good.
    """
    try:
        city.sign_in()
    except Refused as refused:
        if refused.status in (400, 401):
            raise
        return [Check("gateway", "bad", str(refused))]
    found: list[Check] = []
    for name, ask in _ASKED.items():
        try:
            found += ask(city)
        except Refused as refused:
            if check := _refused(name, refused):
                found.append(check)
    return found


def is_well(found: list[Check]) -> bool:
    """Nothing is bad, and something could be looked at."""
    states = {check.state for check in found}
    return "bad" not in states and states != {"unknown"}


def _refused(name: str, refused: Refused) -> Check | None:
    """An operation that there is not in this city is nothing to tell."""
    what, _, fix = str(refused).partition("\n")
    if refused.status == 404:
        return None
    state: State = "unknown" if refused.status in (401, 403) else "bad"
    return Check(name, state, what, fix.strip().removeprefix("→ "))


# ---------------------------------------------------------------- what is asked


def _apis(city: Operator) -> Iterator[Check]:
    for api in city.call("GET", "/control/v1/apis"):
        name = f"api {api['name']}"
        text = f"{api['state']}, {len(api['routes'])} routes"
        if api["state"] == "attached":
            yield Check(name, "ok", text)
            continue
        reasons = [f"{one['where'] or '/'}: {one['what']}" for one in api["findings"]]
        why = "; ".join([*reasons[:3], *([api["error"]] if api["error"] else [])])
        fixes = [one["fix"] for one in api["findings"] if one.get("fix")]
        # while the last good document is in force, its callers notice nothing
        state: State = "watch" if api["routes"] else "bad"
        yield Check(name, state, f"{text}: {why}", (fixes or [""])[0])


def _live(city: Operator) -> Iterator[Check]:
    look = city.call("GET", "/control/v1/live")
    for one in look["findings"]:
        subject = f" {one['subject']}" if one["subject"] else ""
        name = f"{one['rule']}{subject}"
        state = _JUDGED.get(one["judgement"], "watch")
        yield Check(name, state, one["message"]["en"], one["advice"]["en"])
    picture = look["picture"]
    answering = [one for one in picture["processes"] if not one["error"]]
    text = f"{len(answering)} of {len(picture['processes'])} processes answer"
    age = picture["gateway"]["policyAge"]
    # what of it is bad, the city has said above by its own rules
    yield Check("figures", "ok", f"{text}; the policy was confirmed {age:.0f} s ago")


def _gateways(city: Operator) -> Iterator[Check]:
    for gateway in city.call("GET", "/control/v1/gateways"):
        workers = gateway["workers"]
        behind = sum(not one["current"] for one in workers)
        text = f"{len(workers)} workers"
        state: State = "watch" if behind else "ok"
        more = f", {behind} without the newest policy" if behind else ", newest policy in force"
        yield Check(f"gateway {gateway['gateway']}", state, text + more)


def _emergency(city: Operator) -> Iterator[Check]:
    found = city.call("GET", "/control/v1/emergency")
    text = f"{found['level']} until {found['until']}: {found['reason']}"
    yield Check("emergency", "watch", text, "supercity emergency off, when it is over")


def _letters(city: Operator) -> Iterator[Check]:
    found = city.call("GET", "/events/v1/dead-letters?limit=500")["deadLetters"]
    count = f"{len(found)}{'+' if len(found) == 500 else ''}"
    if found:
        yield Check("dead letters", "watch", f"{count} events given up", "supercity dlq list")
    else:
        yield Check("dead letters", "ok", "none")


def _notices(city: Operator) -> Iterator[Check]:
    found = city.call("GET", "/control/v1/consent-notices?limit=500")
    lost = [one for one in found if not one["waiting"]]
    if found:
        text = f"{len(found)} not acknowledged, {len(lost)} of them given up"
        yield Check("consent notices", "watch", text, "supercity consent notices")


def _waiting(city: Operator) -> Iterator[Check]:
    found = city.call("GET", "/control/v1/clients")
    names = [one["client_id"] for one in found if one["state"] == "pending" or one.get("proposed")]
    if names:
        text = f"{len(names)} wait for a decision: {', '.join(names[:5])}"
        yield Check("clients", "watch", text, "supercity clients approve, or refuse")


def _certificate(city: Operator) -> Iterator[Check]:
    url = urlsplit(str(city.http.base_url))
    if url.scheme != "https":
        return
    until = not_after(url.hostname or "", url.port or 443)
    left = until - datetime.now(UTC)
    state: State = "watch" if left < _SOON else "ok"
    yield Check("certificate", state, f"good until {until:%Y-%m-%d}, {left.days} days")


def not_after(host: str, port: int) -> datetime:
    """When the certificate shown there ends, whoever signed it.

    Raises:
        Refused: no certificate can be had.
    """
    from cryptography.x509 import load_pem_x509_certificate

    try:
        pem = ssl.get_server_certificate((host, port), timeout=5)
        return load_pem_x509_certificate(pem.encode()).not_valid_after_utc
    except (OSError, ValueError) as error:
        raise Refused(f"No certificate can be read at {host}:{port}: {error}", 502) from error


_ASKED: Final[dict[str, Callable[[Operator], Iterator[Check]]]] = {
    "certificate": _certificate,
    "gateways": _gateways,
    "APIs": _apis,
    "figures": _live,
    "emergency": _emergency,
    "dead letters": _letters,
    "consent notices": _notices,
    "clients": _waiting,
}

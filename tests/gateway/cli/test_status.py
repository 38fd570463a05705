"""What ``supercity status`` makes of a city's answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.cli.health import Check, checks, is_well
from gateway.cli.operator import Operator, Refused
from tests.gateway.cli.shell import run

API = {"name": "bikes", "state": "attached", "routes": [{}], "findings": [], "error": ""}
FAULT = {"where": "/paths", "what": "No scope.", "fix": "Name one."}
PICTURE = {
    "processes": [{"error": ""}, {"error": "gone"}],
    "gateway": {"policyAge": 4.2},
}
LOOK = {
    "picture": PICTURE,
    "findings": [
        {
            "rule": "outbox-age",
            "judgement": "act",
            "subject": "broker",
            "message": {"en": "A message has waited for 90 s.", "ja": ""},
            "advice": {"en": "Look at the log.", "ja": ""},
        }
    ],
}
WORKER = {"worker": "w", "current": True}


def city(answers: dict[str, Any], url: str = "http://city.example") -> Operator:
    """One that answers so; what is not here is not found."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = answers.get(request.url.path, 404)
        if isinstance(found, int):
            return httpx.Response(found, json={"detail": "No."})
        return httpx.Response(200, json=found)

    http = httpx.Client(transport=httpx.MockTransport(answer), base_url=url)
    return Operator(http, "", "", "token")


def found(answers: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    return {one.name: (one.state, one.text, one.fix) for one in checks(city(answers))}


GOOD = {
    "/control/v1/apis": [API],
    "/control/v1/live": {"findings": [], "picture": PICTURE},
    "/control/v1/gateways": [{"gateway": "g:8000", "workers": [WORKER]}],
    "/events/v1/dead-letters": {"deadLetters": []},
    "/control/v1/consent-notices": [],
    "/control/v1/clients": [],
}


def test_a_city_that_is_well_is_said_to_be() -> None:
    told = checks(city(GOOD))
    assert is_well(told)
    assert {one.state for one in told} == {"ok"}
    (figures,) = [one.text for one in told if one.name == "figures"]
    assert figures == "1 of 2 processes answer; the policy was confirmed 4 s ago"


@pytest.mark.parametrize(
    ("path", "answer", "name", "state", "text"),
    [
        ("apis", [{**API, "state": "refused", "routes": [], "findings": [FAULT]}], "api bikes",
         "bad", "/paths: No scope."),
        ("apis", [{**API, "state": "unreachable", "error": "gone"}], "api bikes", "watch", "gone"),
        ("live", LOOK, "outbox-age broker", "bad", "waited for 90 s"),
        ("gateways", [{"gateway": "g", "workers": [{**WORKER, "current": False}]}], "gateway g",
         "watch", "1 without the newest policy"),
        ("emergency", {"level": "severe", "until": "6", "reason": "Flood"}, "emergency",
         "watch", "severe until 6: Flood"),
        ("consent-notices", [{"waiting": False}, {"waiting": True}], "consent notices",
         "watch", "2 not acknowledged, 1 of them given up"),
        ("clients", [{"client_id": "new", "state": "pending"}], "clients", "watch", "new"),
        ("clients", 503, "clients", "bad", "No."),
        ("clients", 403, "clients", "unknown", "No."),
    ],
)  # fmt: skip
def test_what_is_not_well_is_named(
    path: str, answer: Any, name: str, state: str, text: str
) -> None:
    told = found({**GOOD, f"/control/v1/{path}": answer})
    assert told[name][0] == state
    assert text in told[name][1]


def test_dead_letters_are_counted() -> None:
    letters: dict[str, Any] = {"deadLetters": [{}] * 500}
    assert "500+" in found({**GOOD, "/events/v1/dead-letters": letters})["dead letters"][1]


def test_what_may_not_be_looked_at_is_no_fault_but_nothing_at_all_is_not_well() -> None:
    assert is_well(checks(city({**GOOD, "/control/v1/live": 403})))
    assert not is_well(checks(city(dict.fromkeys(GOOD, 403))))
    assert not is_well([Check("a", "ok", ""), Check("b", "bad", "")])


def _pem(until: datetime) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "city.example")])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    dated = made.not_valid_before(until - timedelta(days=90)).not_valid_after(until)
    return dated.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize(("days", "state"), [(60, "ok"), (3, "watch"), (-1, "watch")])
def test_a_certificate_that_ends_soon_is_told_before_it_does(
    days: int, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=days, hours=1)
    monkeypatch.setattr("ssl.get_server_certificate", lambda *_, **__: _pem(until))
    told = checks(city(GOOD, "https://city.example"))
    (one,) = [one for one in told if one.name == "certificate"]
    assert one.state == state
    assert f"{until:%Y-%m-%d}" in one.text


@pytest.mark.usefixtures("environment")
def test_a_script_can_ask_by_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    told = json.loads(run("status", "--json"))
    assert told["well"], told
    monkeypatch.setenv("SUPERCITY_GATEWAY_URL", "http://127.0.0.1:1")
    told = json.loads(run("status", "--json", code=1))
    assert told["checks"][0]["state"] == "bad"


@pytest.mark.usefixtures("environment")
def test_watching_prints_one_line_for_each_look(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []

    def sleep(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 2:
            raise Refused("enough")

    monkeypatch.setattr("gateway.cli.status.time.sleep", sleep)
    with pytest.raises(Refused):
        run("status", "--watch", "--json", "--every", "2")
    assert looks == [2.0, 2.0]

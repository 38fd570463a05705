"""Whoever may not is told so: what is wrong, where, and what to do; never a 500."""

from __future__ import annotations

import base64
import json
import re
import threading

import httpx
import pytest

from tests.journeys import apps
from tests.journeys.city import City, until

READ = "/mobility/v1/stops"


def is_problem(answer: httpx.Response, status: int) -> None:
    """RFC 9457, whole."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert body["type"].startswith("urn:problem-type:supercity:")


def test_without_a_token(city: City) -> None:
    with city.bearer("") as http:
        answer = http.get(READ)
    is_problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer realm=")
    assert "error=" not in answer.headers["www-authenticate"]  # RFC 6750 §3.1


def forged(token: str, part: int, **claims: object) -> str:
    """The token with its header (0) or claims (1) changed, and its signature as it was."""
    parts = token.split(".")
    padded = parts[part] + "=" * (-len(parts[part]) % 4)
    changed = {**json.loads(base64.urlsafe_b64decode(padded)), **claims}
    parts[part] = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
    return ".".join(parts)


@pytest.mark.parametrize(
    ("part", "claims"),
    [
        (0, {"alg": "none"}),
        (0, {"typ": "JWT"}),
        (1, {"scope": "operator:apis"}),
        (1, {"exp": 9_999_999_999}),
        (1, {"aud": "https://elsewhere.example"}),
    ],
)
def test_a_token_that_was_tampered_with(city: City, part: int, claims: dict[str, object]) -> None:
    with city.bearer(forged(city.token(), part, **claims)) as http:
        answer = http.get(READ)
    is_problem(answer, 401)
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_token_that_was_revoked(city: City) -> None:
    client_id, secret = city.register("mobility:read")
    token = city.token(client_id, secret)
    with city.bearer(token) as http:
        assert http.get(READ).status_code == 200
        auth = (client_id, secret)
        revoked = httpx.post(f"{city.url}/oauth/revoke", data={"token": token}, auth=auth)
        assert revoked.status_code == 200
        until(lambda: http.get(READ).status_code == 401, seconds=2)
        answer = http.get(READ)
    is_problem(answer, 401)
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_client_that_is_suspended_loses_its_tokens_at_once(city: City) -> None:
    client_id, secret = city.register("mobility:read")
    with city.bearer(city.token(client_id, secret)) as http, city.client("operator") as operator:
        assert http.get(READ).status_code == 200
        operator.post(f"/control/v1/clients/{client_id}/suspend").raise_for_status()
        until(lambda: http.get(READ).status_code == 401, seconds=2)


def test_a_scope_that_the_token_lacks(city: City) -> None:
    with city.bearer(city.token(scope="medical:read")) as http:
        answer = http.get(READ)
    is_problem(answer, 403)
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert 'scope="mobility:read"' in answer.headers["www-authenticate"]


def test_a_scope_that_the_client_may_not_ask_for(city: City) -> None:
    form = {"grant_type": "client_credentials", "scope": "operator:apis"}
    auth = ("sample-app", city.secret("sample-app"))
    answer = httpx.post(f"{city.url}/oauth/token", data=form, auth=auth)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_scope"


def test_a_personal_route_without_a_resident(city: City) -> None:
    token = city.token(*city.register("medical:records"))
    with city.bearer(token) as http:
        is_problem(http.get("/medical/v1/residents/me/records"), 403)


def test_too_many_calls(city: City) -> None:
    client_id, secret = city.register("mobility:read", rate=[5, 60])
    with city.bearer(city.token(client_id, secret)) as http:
        answers = [http.get(READ) for _ in range(10)]
        refused = [answer for answer in answers if answer.status_code == 429]
    assert 4 <= sum(answer.status_code == 200 for answer in answers) <= 6
    is_problem(refused[0], 429)
    assert 1 <= int(refused[0].headers["retry-after"]) <= 60


def test_an_unknown_path_and_a_wrong_method(city: City) -> None:
    with city.client() as http:
        is_problem(http.get("/mobility/v1/zeppelins"), 404)
        is_problem(http.get("/nowhere"), 404)
        wrong = http.delete(READ)
    is_problem(wrong, 405)
    assert "GET" in re.split(r",\s*", wrong.headers["allow"])


@pytest.mark.parametrize(
    "path", ["/internal/policy", "/readyz", "/healthz", "/metrics", "/mobility/../internal/policy"]
)
def test_the_inside_is_not_reachable_from_outside(city: City, path: str) -> None:
    with city.client("operator") as http:
        assert http.get(path).status_code in {400, 404}


def test_an_application_that_is_down(city: City) -> None:
    with apps.running(apps.named("fleeting")) as app:
        with city.client("operator") as operator:
            asked = {"name": "fleeting", "documentUrl": f"{app.url}/openapi.json"}
            assert operator.post("/control/v1/apis", json=asked).status_code == 201
        token = city.token(*city.register("fleeting:read"))
    # the application has ended; its API stays attached until somebody detaches it
    try:
        with city.bearer(token) as http:
            is_problem(until(lambda: _unless_404(http, "/apps/fleeting/stations")), 502)
    finally:
        with city.client("operator") as operator:
            assert operator.delete("/control/v1/apis/fleeting").status_code == 204


def test_an_application_that_does_not_answer(city: City) -> None:
    with apps.running(apps.named("sleepy")) as app, apps.attached(city, app, "sleepy"):
        token = city.token(*city.register("sleepy:read"))
        with city.bearer(token) as http:
            http.timeout = httpx.Timeout(60)
            is_problem(until(lambda: _unless_404(http, "/apps/sleepy/slow")), 504)


def _unless_404(http: httpx.Client, path: str) -> httpx.Response | None:
    answer = http.get(path)
    return None if answer.status_code == 404 else answer


def test_nothing_that_a_client_sends_is_a_500(city: City) -> None:
    odd = [
        ("GET", "/mobility/v1/stops?limit=many", b""),
        ("GET", "/mobility/v1/stops?near=here", b""),
        ("GET", "/mobility/v1/stops/%00/departures", b""),
        ("GET", "/ngsi-ld/v1/entities?q=%28%28", b""),
        ("GET", "/ngsi-ld/v1/entities?georel=near&geometry=Blob&coordinates=1", b""),
        ("POST", "/payments/v1/payments", b"{"),
        ("POST", "/payments/v1/payments", b"[" * 10_000),
        ("POST", "/ngsi-ld/v1/entities", b"\xff\xfe"),
        ("POST", "/events/v1/events", b"null"),
        ("PUT", "/mobility/v1/feeds/gtfs", b"PK\x03\x04nonsense"),
        ("POST", "/disaster/v1/alerts", b"<alert>"),
        ("POST", "/oauth/token", b"grant_type=x&grant_type=y"),
    ]
    with city.client("operator") as http:
        for method, path, body in odd:
            headers = {"content-type": "application/json", "idempotency-key": "odd"}
            answer = http.request(method, path, content=body, headers=headers)
            assert 400 <= answer.status_code < 500, (path, answer.status_code, answer.text)


def test_refusals_are_the_same_from_every_worker_at_once(city: City) -> None:
    """Many at a time: none hangs, none is a 5xx."""
    statuses: list[int] = []

    def call() -> None:
        with city.bearer("") as http:
            statuses.extend(http.get(READ).status_code for _ in range(20))

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {401, 429}
    assert len(statuses) == 160

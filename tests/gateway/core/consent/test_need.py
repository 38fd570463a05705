"""A personal route needs a consent: to its data set, for one purpose, that still lives."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pytest

from tests.gateway.core.city import PSEUDONYMS, api, client, gateway, route, snapshot, token
from tests.gateway.core.consent.asking import ask, bearer, city, visits

PAST = int(time.time()) - 1


@pytest.mark.parametrize(
    "consents",
    [
        [],
        [visits(dataset="whole")],
        [visits(until=PAST)],
        [visits(type="other_data")],
    ],
)
async def test_without_a_living_consent_to_the_data_set_it_is_refused(consents: Any) -> None:
    async with api() as behind, gateway(city(behind.port)) as running:
        answer = await ask(running, *consents)
        assert answer.status == 403, answer
        assert answer.problem["type"].endswith(":consent-missing")
        assert '"dataset":"visits"' in answer.problem["detail"], "it says what to ask for"
        assert behind.heads == []


async def test_a_route_that_names_no_data_set_is_refused_to_everybody() -> None:
    async with api() as behind, gateway(city(behind.port)) as running:
        answer = await ask(running, visits(), path="/me/nothing")
        assert answer.problem["type"].endswith(":consent-missing")
        assert behind.heads == []


async def test_a_consent_ends_while_its_token_is_still_good() -> None:
    clock = [time.time()]
    async with api() as behind, gateway(city(behind.port), now=lambda: clock[0]) as running:
        held = bearer(visits(until=int(clock[0]) + 60))
        assert (await running.get("/me/visits", held)).status == 200
        clock[0] += 61
        assert (await running.get("/me/visits", held)).status == 403
        assert (await running.get("/stops", held)).status == 200


@pytest.mark.parametrize(
    "broken",
    [
        [{"type": "city_data", "dataset": "visits"}],
        [{**visits(), "until": "never"}],
        [{**visits(), "fields": "time"}],
        [{**visits(), "fields": [1]}],
        [{**visits(), "consent_id": "a\r\nX-City-Client: b"}],
        ["visits"],
        "visits",
        {"type": "city_data"},
    ],
)
async def test_a_token_whose_consents_cannot_be_read_is_good_for_nothing(broken: Any) -> None:
    async with api() as behind, gateway(city(behind.port)) as running:
        held = token(resident="taro", authorization_details=broken)
        assert (await running.get("/stops", held)).status == 401


async def test_several_purposes_and_none_named_is_refused() -> None:
    both = visits(purpose="care"), visits(purpose="payment", consent_id="c2")
    async with api() as behind, gateway(city(behind.port)) as running:
        answer = await ask(running, *both)
        assert (answer.status, answer.problem["type"][-15:]) == (403, ":purpose-needed")
        assert (await ask(running, *both, purpose="schooling")).status == 403
        assert behind.heads == []
        assert (await ask(running, *both, purpose="payment")).status == 200
        assert behind.head("city-purpose") == "payment", "and it is sent on"
        assert (await ask(running, visits(purpose="care"))).status == 200
        assert behind.head("city-purpose") is None
        wrong = await ask(running, visits(purpose="care"), purpose="payment")
        assert wrong.problem["type"].endswith(":consent-missing")


async def test_of_several_for_one_purpose_the_widest_counts() -> None:
    from tests.gateway.core.city import always
    from tests.gateway.core.consent.asking import WHOLE, answer

    time_only = visits(fields=["time"], consent_id="c2")
    async with api(always(answer())) as behind, gateway(city(behind.port)) as running:
        assert (await ask(running, time_only, visits())).body == WHOLE
        both = visits(fields=["time", "place"], consent_id="c3")
        assert b"Mirai Hospital" in (await ask(running, time_only, both)).body


async def test_the_citys_own_api_is_told_grant_and_consents_and_others_are_not() -> None:
    for internal in (True, False):
        async with api() as behind:
            policy = city(behind.port)
            policy["upstreams"]["main"]["internal"] = internal
            async with gateway(policy) as running:
                lies = ("X-City-Grant: mine", "X-City-Consents: []")
                assert (await ask(running, visits(), fields=lies)).status == 200
                assert behind.head("x-city-grant") == ("grant-1" if internal else None)
                told = behind.head("x-city-consents")
                if internal:
                    assert told is not None
                    (one,) = orjson.loads(told)
                    assert one["consent_id"] == "consent-visits"
                    assert one["dataset"] == "visits"
                else:
                    assert told is None
                assert behind.head("x-city-subject") == PSEUDONYMS.of("taro", "mobility")


async def test_a_machines_token_names_no_grant() -> None:
    async with api() as behind, gateway(city(behind.port)) as running:
        assert (await running.get("/stops", token())).status == 200
        assert behind.head("x-city-grant") is None
        assert behind.head("x-city-consents") is None


async def test_the_citys_own_api_is_told_who_of_the_staff_signed_in() -> None:
    for internal in (True, False):
        async with api() as behind:
            policy = city(behind.port)
            policy["upstreams"]["main"]["internal"] = internal
            async with gateway(policy) as running:
                staff = token(sub="s-sato", acr="urn:supercity:aal:2")
                lies = ("X-City-Operator: somebody",)
                assert (await running.get("/stops", staff, *lies)).status == 200
                assert behind.head("x-city-operator") == ("s-sato" if internal else None)


async def test_one_consent_withdrawn_leaves_the_rest_of_the_grant() -> None:
    held = bearer(visits(), visits(dataset="whole", consent_id="c2"))
    gone = {"tokens": {}, "families": {}, "clients": {}, "consents": {"c2": int(time.time()) + 600}}
    async with api() as behind, gateway(city(behind.port)) as running:
        for path in ("/me/visits", "/me/whole"):
            assert (await running.get(path, held)).status == 200
        running.core.apply(orjson.dumps(city(behind.port, revision="r2", revoked=gone)))
        assert (await running.get("/me/whole", held)).status == 403
        assert (await running.get("/me/visits", held)).status == 200
        told = orjson.loads(behind.head("x-city-consents") or "")
        assert [one["consent_id"] for one in told] == ["consent-visits"], "nor is it told of"
        running.core.apply(orjson.dumps(city(behind.port, revision="r3")))
        assert (await running.get("/me/whole", held)).status == 200


INSIDE = {"data-holder", "operator", "internal"}
CLASSES = ("service", "partner", "data-holder", "operator", "internal")


@pytest.mark.parametrize(
    ("legal_class", "access", "method", "allowed"),
    [
        ("open", "scoped", "GET", set(CLASSES)),
        ("anonymised", "scoped", "GET", set(CLASSES)),
        ("personal", "scoped", "GET", INSIDE),
        ("personal", "scoped", "POST", set(CLASSES)),
        ("personal", "personal", "GET", set(CLASSES)),
        ("person-related", "scoped", "GET", INSIDE),
        ("person-related", "scoped", "POST", INSIDE),
        ("person-related", "personal", "GET", set(CLASSES)),
        ("pseudonymised", "scoped", "GET", INSIDE),
        ("pseudonymised", "personal", "GET", INSIDE),
    ],
)
async def test_the_law_says_which_clients_may_have_it(
    legal_class: str, access: str, method: str, allowed: set[str]
) -> None:
    policy: Any = {
        "routes": [route("/data", method, access, dataset="visits")],
        "datasets": {"visits": {"legal_class": legal_class, "domain": "x", "fields": {}}},
        "clients": {name: client(client_class=name) for name in CLASSES},
    }
    async with api() as behind, gateway(snapshot(behind.port, **policy)) as running:
        for name in CLASSES:
            held = bearer(visits(), client_id=name)
            answer = await running.get("/data", held, method=method)
            assert answer.status == (200 if name in allowed else 403), name
            if name not in allowed:
                assert answer.problem["type"].endswith(":legal-class")


async def test_what_is_about_people_is_opened_to_nobody_in_an_emergency() -> None:
    now = int(time.time())
    declared = {
        "id": "e", "since": now - 5, "until": now + 600, "level": "severe", "reason": "flood"
    }  # fmt: skip
    for legal_class, status in {"open": 200, "anonymised": 200, "pseudonymised": 401}.items():
        policy: Any = {
            "routes": [route("/data", dataset="d", emergency="open")],
            "datasets": {"d": {"legal_class": legal_class, "domain": "x", "fields": {}}},
            "emergency": declared,
        }
        async with api() as behind, gateway(snapshot(behind.port, **policy)) as running:
            assert (await running.get("/data")).status == status, legal_class


async def test_a_route_can_ask_for_levels() -> None:
    routes = [
        route("/strong", authenticator=2), route("/proven", proofing=2),
        route("/me/visits", access="personal", dataset="visits", authenticator=2, proofing=2),
    ]  # fmt: skip
    strong: Any = {"acr": "urn:supercity:aal:2"}
    async with api() as behind, gateway(snapshot(behind.port, routes=routes)) as running:
        for acr in (None, "urn:supercity:aal:1", "2", ["urn:supercity:aal:3"]):
            answer = await running.get("/strong", token(acr=acr))
            assert answer.status == 401
            told = answer.fields["www-authenticate"]
            assert 'error="insufficient_user_authentication"' in told
            assert 'acr_values="urn:supercity:aal:2 urn:supercity:aal:3"' in told
        assert (await running.get("/strong", token(**strong))).status == 200
        assert (await running.get("/strong", token(acr="urn:supercity:aal:3"))).status == 200
        for ial, status in {None: 401, 1: 401, 2: 200, 3: 200}.items():
            answer = await running.get("/proven", token(ial=ial))
            assert answer.status == status
            assert "acr_values" not in answer.fields.get("www-authenticate", ""), "no use"
        assert (await running.get("/me/visits", bearer(visits(), ial=2))).status == 401
        assert (await running.get("/me/visits", bearer(visits(), ial=2, **strong))).status == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"datasets": {"d": {"legal_class": "secret", "domain": "x", "fields": {}}}},
        {"datasets": {"d": {"legal_class": "open", "domain": "x", "fields": {"f": "a.b"}}}},
        {"revoked": {"tokens": {}, "families": {}, "clients": {}, "consents": {"c": "x"}}},
        {"routes": [route("/x", authenticator=4)]},
        {"audience": 'https://a"b'},
    ],
)
async def test_a_policy_that_says_it_otherwise_is_not_taken(changes: Any) -> None:
    async with gateway(snapshot(9)) as running:
        with pytest.raises(ValueError, match="/"):
            running.core.apply(orjson.dumps(snapshot(9, revision="r2", **changes)))
        assert running.core.policy is not None
        assert running.core.policy.revision == "r1"

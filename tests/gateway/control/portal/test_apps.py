"""A developer's own applications: at once in the sandbox, live when approved, never another's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from gateway.control.oauth import sandbox
from gateway.control.portal import apps
from tests.gateway.control.city import CALLBACK, City
from tests.gateway.control.consent.apis import caring_city
from tests.gateway.control.portal.developers import (
    APPS,
    FORM,
    MACHINE,
    NEW,
    Developer,
    clients,
    developer,
    keys_in,
)
from tests.gateway.control.staff.people import app_code, key_in

LIVE = f"{NEW}?live=yes"


@pytest.fixture
async def city(tmp_path: Path) -> AsyncIterator[City]:
    async with caring_city(tmp_path) as found:
        yield found


@pytest.fixture
async def dev(city: City) -> AsyncIterator[Developer]:
    async with developer(city) as found:
        yield found


async def registered(city: City, client_id: str) -> dict[str, Any]:
    (found,) = [one for one in await clients(city) if one["client_id"] == client_id]
    return found


async def test_a_sandbox_application_works_at_once(city: City, dev: Developer) -> None:
    made = await dev.create()
    assert (await dev.token(made)).json()["scope"] == "medical:read mobility:read"
    found = await registered(city, made["client_id"])
    assert (found["sandbox"], found["state"]) == (True, "active")
    assert found["owner"].startswith("s-")
    assert (found["rate"], found["quota"]) == (list(sandbox.RATE), sandbox.QUOTA)
    assert made["client_id"] in (await city.policy())["clients"]


async def test_keys_are_shown_once_and_kept_nowhere(dev: Developer) -> None:
    made = await dev.create()
    for path in (APPS, f"{APPS}/{made['client_id']}", f"{APPS}/{made['client_id']}/edit"):
        page = await dev.get(path)
        assert page.status_code == 200
        assert made["client_secret"] not in page.text
        assert page.headers["cache-control"] == "no-store"


async def test_its_registration_can_be_managed_by_program(city: City, dev: Developer) -> None:
    made = await dev.create()
    url = f"/oauth/register/{made['client_id']}"
    headers = {"authorization": f"Bearer {made['registration_access_token']}"}
    assert (await city.http.get(url, headers=headers)).json()["client_name"] == "Beds"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"scope operator:clients": "yes"}, "operator:clients"),
        ({"scope events:publish": "yes"}, "events:publish"),
        ({"itself": ""}, "使い方"),
        ({"name": ""}, "名前を入れて"),
        ({"sign-in": "yes"}, "戻り先 URL を確かめて"),
        ({"sign-in": "yes", "redirect_uris": "http://evil.example/"}, "戻り先 URL を確かめて"),
        ({"credentials": "none"}, "組み合わせ"),
        ({"credentials": "private_key_jwt", "jwks": "{}"}, "公開鍵として読め"),
        ({"credentials": "client_secret_jwt"}, "組み合わせ"),
        ({"purpose world-domination": "yes", "purpose care": "yes"}, "利用目的を確かめて"),
    ],
)
async def test_what_cannot_be_is_said_beside_its_field(
    city: City, dev: Developer, wrong: dict[str, str], said: str
) -> None:
    answer = await dev.post(NEW, **{**MACHINE, **wrong})
    assert answer.status_code in {400, 422}
    assert said in answer.text
    assert [one for one in await clients(city) if one["owner"]] == []


async def test_another_developers_application_is_not_there(city: City, dev: Developer) -> None:
    made = await dev.create()
    before = await registered(city, made["client_id"])
    async with developer(city, "hayashi") as other:
        own = await other.create()
        assert made["client_id"] not in (await other.get(APPS)).text
        for path in (f"{APPS}/{made['client_id']}", f"{APPS}/{made['client_id']}/edit"):
            assert (await other.get(path)).status_code == 404
            page = await other.get(f"{APPS}/{own['client_id']}")
            csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
            for decision in ("rotate", "end-old", "keys", "trial", "pause", "resume", "end"):
                form = {"csrf": csrf, "decision": decision, "sure": "yes", **MACHINE}
                assert (await other.browser.post(path, data=form)).status_code == 404
        # the city's own have no owner, and are nobody's
        assert (await other.get(f"{APPS}/app")).status_code == 404
        shown = await other.get("/developers/quickstarts", app=made["client_id"])
        assert f"CLIENT_ID={made['client_id']}" not in shown.text
        assert f"CLIENT_ID={own['client_id']}" in shown.text
    assert await registered(city, made["client_id"]) == before


async def test_one_developer_has_only_so_many(
    dev: Developer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, "MOST_APPS", 1)
    made = await dev.create()
    assert (await dev.post(NEW, **MACHINE)).status_code == 409
    ended = await dev.post(f"{APPS}/{made['client_id']}", decision="end", sure="yes")
    assert ended.headers["location"] == APPS
    await dev.create()


async def test_it_is_changed_at_once_in_the_sandbox(city: City, dev: Developer) -> None:
    made = await dev.create()
    form = {
        **FORM, "name": "Appointments", "sign-in": "yes", "redirect_uris": CALLBACK,
        "scope medical:appointments": "yes", "purpose care": "yes", "organisation": "Mori",
    }  # fmt: skip
    done = await dev.post(f"{APPS}/{made['client_id']}/edit", **form)
    assert done.headers["location"].endswith("?done=app_changed"), done.text
    found = await registered(city, made["client_id"])
    assert (found["client_name"], found["scope"]) == ("Appointments", "medical:appointments")
    assert (found["purposes"], found["organisation"]) == (["care"], "Mori")
    again = await dev.get(f"{APPS}/{made['client_id']}/edit")
    assert 'name="scope medical:appointments" value="yes" checked' in again.text
    assert (await dev.token(made)).status_code == 200, "its secret is as it was"


async def test_paused_it_gets_nothing_until_its_owner_goes_on(city: City, dev: Developer) -> None:
    made = await dev.create()
    page = f"{APPS}/{made['client_id']}"
    await dev.post(page, decision="pause")
    assert (await dev.token(made)).json()["error"] == "invalid_client"
    await dev.post(page, decision="resume")
    assert (await dev.token(made)).status_code == 200


async def test_an_operators_suspension_is_not_the_owners_to_end(city: City, dev: Developer) -> None:
    made = await dev.create()
    page = f"{APPS}/{made['client_id']}"
    await dev.post(page, decision="pause")
    await city.http.post(f"/control/v1/clients/{made['client_id']}/suspend")
    assert (await dev.post(page, decision="resume")).status_code == 409
    assert (await dev.token(made)).json()["error"] == "invalid_client"
    assert (await dev.post(page, decision="trial")).status_code == 409


async def test_a_token_for_trying_is_short_and_kept_nowhere(city: City, dev: Developer) -> None:
    made = await dev.create(**{"scope openid": "yes"})
    page = await dev.post(f"{APPS}/{made['client_id']}", decision="trial")
    token = page.text.split('id="trial-token"')[1].split("<code>")[1].split("<")[0]
    claims = await city.claims(token)
    assert (claims["client_id"], claims["scope"]) == (
        made["client_id"],
        "medical:read mobility:read",
    )
    assert claims["exp"] - claims["iat"] == 900
    assert token not in (await dev.get(f"{APPS}/{made['client_id']}")).text
    events = (await city.http.get("/audit/v1/events")).json()
    assert [one["target"] for one in events if one["action"] == "client.trial"] == [
        made["client_id"]
    ]
    assert token not in str(events)


async def authenticated(dev: Developer) -> bytes:
    """The key of an authenticator that the developer has set up."""
    key = key_in(await dev.get("/developers/authenticator"))
    await dev.post("/developers/authenticator", code=code(dev, key))
    dev.city.clock.advance(30)
    return key


def code(dev: Developer, key: bytes) -> str:
    return app_code(key, int(dev.city.clock().timestamp()))


async def test_a_live_one_needs_an_authenticator_and_an_operator(
    city: City, dev: Developer
) -> None:
    form = {**MACHINE, "scope entities:write": ""}
    assert "disabled" in (await dev.get(LIVE.partition("?")[0], live="yes")).text
    assert (await dev.post(LIVE, **form)).status_code == 403
    proposed = key_in(await dev.get("/developers/authenticator"))
    early = await dev.post(LIVE, **form, code=code(dev, proposed))
    assert early.status_code == 403, "a key that is only proposed proves nothing"
    key = await authenticated(dev)
    assert (await dev.post(LIVE, **form, code="000000")).status_code == 403
    answer = await dev.post(LIVE, **form, code=code(dev, key))
    made = keys_in(answer)
    assert (await dev.token(made)).json()["error"] == "unauthorized_client"
    page = await dev.get(f"{APPS}/{made['client_id']}")
    assert "承認待ち" in page.text
    assert (await dev.post(f"{APPS}/{made['client_id']}", decision="trial")).status_code == 404
    await city.http.post(
        f"/control/v1/clients/{made['client_id']}/approve", json={"scope": "mobility:read"}
    )
    assert (await dev.token(made)).json()["scope"] == "mobility:read"
    page = await dev.get(f"{APPS}/{made['client_id']}")
    assert "認められていません" in page.text, "what was asked for, and was not granted"


async def test_a_live_one_waits_with_what_gives_it_more(city: City, dev: Developer) -> None:
    key = await authenticated(dev)
    made = keys_in(await dev.post(LIVE, **MACHINE, code=code(dev, key)))
    url = f"/control/v1/clients/{made['client_id']}"
    await city.http.post(f"{url}/approve", json={})
    edit = f"{APPS}/{made['client_id']}/edit"
    asked = await dev.post(edit, **{**MACHINE, "name": "Beds and Buses"})
    assert asked.headers["location"].endswith("done=app_proposed")
    assert (await registered(city, made["client_id"]))["client_name"] == "Beds"
    assert "Beds and Buses" in (await dev.get(f"{APPS}/{made['client_id']}")).text
    await city.http.post(f"{url}/approve", json={})
    found = await registered(city, made["client_id"])
    assert (found["client_name"], found["sandbox"]) == ("Beds and Buses", False)


async def test_a_public_key_instead_of_a_secret(city: City, dev: Developer) -> None:
    made = await dev.create()
    page = f"{APPS}/{made['client_id']}"
    key = ECKey.generate_key("P-256")
    private = key.as_pem(private=True).decode()
    assert (await dev.post(page, decision="keys", jwks=private)).status_code == 422
    public = key.as_pem(private=False).decode()
    done = await dev.post(page, decision="keys", jwks=public)
    assert done.headers["location"].endswith("done=key_set")
    found = await registered(city, made["client_id"])
    assert found["token_endpoint_auth_method"] == "private_key_jwt"
    assert found["jwks"]["keys"][0]["x"] == key.as_dict(private=False)["x"]
    assert (await dev.token(made)).status_code == 401, "the secret is void"


async def test_an_end_is_an_end(city: City, dev: Developer) -> None:
    made = await dev.create()
    page = f"{APPS}/{made['client_id']}"
    assert (await dev.post(page, decision="end")).status_code == 200, "nothing without the tick"
    assert (await dev.token(made)).status_code == 200
    await dev.post(page, decision="end", sure="yes")
    assert (await dev.get(page)).status_code == 404
    assert (await dev.token(made)).json()["error"] == "invalid_client"


async def test_both_secrets_are_good_for_the_time_chosen(city: City, dev: Developer) -> None:
    made = await dev.create()
    page = f"{APPS}/{made['client_id']}"
    rotated = keys_in(await dev.post(page, decision="rotate", overlap="hour"))
    assert rotated["client_secret"] != made["client_secret"]
    for keys in (made, rotated):
        assert (await dev.token(keys)).status_code == 200
    city.clock.advance(3599)
    assert (await dev.token(made)).status_code == 200
    city.clock.advance(1)
    assert (await dev.token(made)).json()["error"] == "invalid_client"
    assert (await dev.token(rotated)).status_code == 200


@pytest.mark.parametrize("overlap", ["none", "", "a-year"])
async def test_without_an_overlap_the_old_one_ends_at_once(dev: Developer, overlap: str) -> None:
    made = await dev.create()
    page = f"{APPS}/{made['client_id']}"
    rotated = keys_in(await dev.post(page, decision="rotate", overlap=overlap))
    assert (await dev.token(made)).status_code == 401
    assert (await dev.token(rotated)).status_code == 200


async def test_the_old_one_can_be_ended_before_its_time(dev: Developer) -> None:
    made = await dev.create()
    page = f"{APPS}/{made['client_id']}"
    rotated = keys_in(await dev.post(page, decision="rotate", overlap="week"))
    await dev.post(page, decision="end-old")
    assert (await dev.token(made)).status_code == 401
    assert (await dev.token(rotated)).status_code == 200


async def test_a_new_secret_made_by_program_voids_both(city: City, dev: Developer) -> None:
    """RFC 7592: who has lost the keys wants all that were before to be void."""
    made = await dev.create()
    page = f"{APPS}/{made['client_id']}"
    rotated = keys_in(await dev.post(page, decision="rotate", overlap="week"))
    answer = await city.http.put(
        f"/oauth/register/{made['client_id']}",
        json={"client_id": made["client_id"], "client_name": "Beds", "scope": "mobility:read"},
        headers={"authorization": f"Bearer {made['registration_access_token']}"},
    )
    newest = {**made, "client_secret": answer.json()["client_secret"]}
    assert [(await dev.token(one)).status_code for one in (made, rotated, newest)] == [
        401,
        401,
        200,
    ]


async def test_what_is_done_is_in_the_audit_log_under_the_developers_name(
    city: City, dev: Developer
) -> None:
    made = await dev.create()
    page = f"{APPS}/{made['client_id']}"
    await dev.post(page, decision="rotate", overlap="day")
    await dev.post(page, decision="pause")
    owner = (await registered(city, made["client_id"]))["owner"]
    events = (await city.http.get("/audit/v1/events")).json()
    done = {one["action"]: one["client"] for one in events if one["target"] == made["client_id"]}
    assert done == dict.fromkeys(
        ("client.register", "client.rotate-secret", "client.suspend"), f"staff:{owner}"
    )
    assert made["client_secret"] not in str(events)

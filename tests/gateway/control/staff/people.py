"""Staff for tests: somebody invited, enrolled, and signing in with a code of their own."""

from __future__ import annotations

from base64 import b32decode
from dataclasses import dataclass
from typing import Any

import httpx
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tests.gateway.control.city import City, csrf_of

PASSWORD = "kaigan-dori-12-banchi"
CLI = "supercity-cli"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


def app_code(key: bytes, seconds: int) -> str:
    """What an authenticator app shows at a time."""
    return TOTP(key, 6, SHA1(), 30).generate(seconds).decode()  # noqa: S303 - what apps use


@dataclass
class Person:
    """Somebody with a password and an authenticator app."""

    city: City
    staff_id: str
    username: str
    key: bytes

    def code(self, ahead: int = 0) -> str:
        """What the app shows; ``ahead`` seconds from now."""
        now = int(self.city.clock().timestamp()) + ahead
        return app_code(self.key, now)

    async def decide(
        self, user_code: str, decision: str = "allow", **changes: str
    ) -> httpx.Response:
        """Fill in the device page."""
        async with self.city.browser() as browser:
            page = await browser.get(f"/staff/device?user_code={user_code}")
            known = page.status_code == 200
            form = {
                "csrf": csrf_of(page) if known else csrf_of(await browser.get("/my")),
                "user_code": user_code,
                "username": self.username,
                "password": PASSWORD,
                "code": self.code(),
                "decision": decision,
                **changes,
            }
            return await browser.post("/staff/device", data=form)


async def invite(city: City, username: str = "sato", roles: tuple[str, ...] = ("operator",)) -> Any:
    body = {"username": username, "name": "佐藤", "roles": list(roles)}
    answer = await city.http.post("/control/v1/staff", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def key_in(page: httpx.Response) -> bytes:
    spelled = page.text.split("<code>")[1].split("</code>")[0].replace(" ", "")
    return b32decode(spelled + "=" * (-len(spelled) % 8))


async def enrol(city: City, invited: Any) -> Person:
    """Take up an invitation as a person would: with the page's key and the app's code."""
    async with city.browser() as browser:
        page = await browser.get(invited["invitation"])
        assert page.status_code == 200, page.text
        person = Person(city, invited["staffId"], invited["username"], key_in(page))
        done = await browser.post(
            "/staff/enrol",
            data={
                "csrf": csrf_of(page),
                "invitation": invited["invitation"].partition("invitation=")[2],
                "password": PASSWORD,
                "code": person.code(),
            },
        )
    assert done.status_code == 200, done.text
    city.clock.advance(30)  # that code is spent
    return person


async def begin(city: City, scope: str = "") -> Any:
    form = {"client_id": CLI} | ({"scope": scope} if scope else {})
    answer = await city.http.post("/oauth/device_authorization", data=form)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def poll(city: City, begun: Any) -> httpx.Response:
    """The device asks, not sooner than it may."""
    city.clock.advance(begun["interval"])
    form = {"grant_type": DEVICE_CODE, "client_id": CLI, "device_code": begun["device_code"]}
    return await city.http.post("/oauth/token", data=form)


async def signed_in(city: City, person: Person) -> str:
    """An access token of the person's."""
    begun = await begin(city)
    assert (await person.decide(begun["user_code"])).status_code == 200
    token: str = (await poll(city, begun)).json()["access_token"]
    return token

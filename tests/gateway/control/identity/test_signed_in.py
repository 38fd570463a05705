"""Where a resident is signed in, and ending that from one browser for another."""

from __future__ import annotations

import httpx
import pytest
from starlette.requests import Request

from gateway.control.identity.device import device_of
from tests.gateway.control.audit.accesses import logged
from tests.gateway.control.city import City, csrf_of
from tests.gateway.control.resident.test_my import sign_in

PATH = "/my/safety?lang=en"
PHONE = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36"


async def press(browser: httpx.AsyncClient, decision: str, **form: str) -> httpx.Response:
    page = await browser.get(PATH)
    return await browser.post(PATH, data={"csrf": csrf_of(page), "decision": decision, **form})


def others(page: httpx.Response) -> list[str]:
    return [part.split('"')[0] for part in page.text.split('name="session" value="')[1:]]


async def is_in(browser: httpx.AsyncClient) -> bool:
    return 'type="password"' not in (await browser.get("/my")).text


async def test_another_sign_in_is_shown_and_ended(city: City) -> None:
    async with city.browser() as here, city.browser() as phone:
        phone.headers["user-agent"] = PHONE
        await sign_in(phone)
        await sign_in(here)
        page = await here.get(PATH)
        assert "Chrome (Android)" in page.text
        (name,) = others(page)
        done = await press(here, "end-session", session=name)
        assert done.headers["location"] == "/my/safety?lang=en&done=ended"
        assert "It is ended." in (await here.get(done.headers["location"])).text
        assert await is_in(here)
        assert not await is_in(phone)
    newest = (await logged(city))[0]
    assert (newest["action"], newest["client"]) == ("account.sessions-end", "resident")


async def test_all_others_are_ended_at_once_and_never_this_one(small_city: City) -> None:
    async with small_city.browser() as here, small_city.browser() as a, small_city.browser() as b:
        for browser in (a, b, here):
            await sign_in(browser)
        assert len(others(await here.get(PATH))) == 2
        await press(here, "end-others")
        assert [await is_in(one) for one in (here, a, b)] == [True, False, False]
        nothing = await press(here, "end-others")
        assert "done" not in nothing.headers["location"]


async def test_nobody_ends_what_is_not_theirs_or_is_no_session(small_city: City) -> None:
    async with small_city.browser() as here, small_city.browser() as other:
        await sign_in(other)
        await sign_in(here)
        await press(here, "end-session", session="0" * 32)
        assert await is_in(other)


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (PHONE, "Chrome (Android)"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Safari/604.1", "Safari (iPhone)"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/142.0 Safari/537.36 Edg/142.0", "Edge (Windows)"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0", "Firefox (Linux)"),
        ("curl/8", ""),
    ],
)
def test_a_device_is_told_by_browser_and_system_alone(agent: str, device: str) -> None:
    scope = {"type": "http", "headers": [(b"user-agent", agent.encode())]}
    assert device_of(Request(scope)) == device

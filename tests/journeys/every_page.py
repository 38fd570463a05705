"""Every page that people see, and as whom: who makes a page adds its row to the list of its room.

``test_every_page.py`` looks at each in each of its languages; what it looks for is in
``looking.py``.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import httpx
from playwright.async_api import Page

from gateway.control.staff.command_line import CLIENT_ID
from tests.journeys import staff
from tests.journeys.city import City
from tests.journeys.partner import Partner

TWO: Final = ("ja", "en")
THREE: Final = ("ja", "en", "easy")
"""Residents' pages are in plain Japanese too."""


@dataclass(frozen=True)
class Row:
    """One page.

    Attributes:
        name: of the test.
        where: its path, or what makes it.
        who: a key of :data:`SIGN_IN`; empty for nobody.
        status: of its answer.
        then: what to press to come from there to the page.
        late: parts of the names of files that come after the first paint and are counted apart.
    """

    name: str
    where: str | Callable[[City], str]
    who: str = ""
    languages: tuple[str, ...] = TWO
    status: int = 200
    then: Callable[[Page], Awaitable[None]] | None = None
    late: tuple[str, ...] = ()


async def _resident(page: Page, city: City) -> None:
    await page.goto(f"{city.url}/my")
    await page.locator("input[name=username]").fill("taro")
    await page.locator("input[name=password]").fill(city.password("taro"))
    async with page.expect_navigation():
        await page.locator("button[value=sign-in]").click()


async def _developer(page: Page, city: City) -> None:
    """Somebody new, with one application."""
    await page.goto(f"{city.url}/developers/join")
    await page.locator("input[name=name]").fill("Every Page")
    await page.locator("input[name=username]").fill(f"dev-{secrets.token_hex(6)}")
    await page.locator("input[name=password]").fill("kaigan-dori-12-banchi")
    async with page.expect_navigation():
        await page.locator("main form button").click()
    await page.goto(f"{city.url}/developers/apps/new")
    await _creates(page)


SIGN_IN: Final[dict[str, Callable[[Page, City], Awaitable[None]]]] = {
    "resident": _resident,
    "developer": _developer,
    "operator": staff.signing_in("operator"),
    "auditor": staff.signing_in("auditor"),
}
"""How somebody signs in, once; their cookies serve for all pages."""


def _asks_for(scope: str) -> Callable[[City], str]:
    return lambda city: Partner(city).authorize_url(scope)


def _asked_by_nobody(city: City) -> str:
    return Partner(city, "no-such-app", "secret").authorize_url("medical:records")


async def _wrong_password(page: Page) -> None:
    await page.locator("input[name=username]").fill("nobody")
    await page.locator("input[name=password]").fill("not a password")
    async with page.expect_navigation():
        await page.locator("button[value=sign-in]").click()


async def _all_of_it(page: Page) -> None:
    for box in await page.locator("input[type=checkbox]").all():
        await box.check()
    async with page.expect_navigation():
        await page.locator("button[value=allow]").click()


async def _wrong_code(page: Page) -> None:
    await page.locator("input[name=username]").fill("nobody")
    await page.locator("input[name=code]").fill("not a code")
    await page.locator("input[name=password]").fill("long enough for one")
    async with page.expect_navigation():
        await page.locator("button").click()


async def _wrong_once_more(page: Page) -> None:
    await page.locator("main input[name=password]").fill("not her password")
    async with page.expect_navigation():
        await page.locator("main form button").first.click()


_RECORDS: Final = "medical:records"
_TOGETHER: Final = "medical:records payments:read administration:procedures"

RESIDENTS: Final = (
    Row("signing in", _asks_for(_RECORDS), languages=THREE),
    Row("signing in wrongly", "/my", languages=THREE, status=403, then=_wrong_password),
    Row("recovery", "/my/recover", languages=THREE),
    Row("recovery, wrongly", "/my/recover", languages=THREE, status=403, then=_wrong_code),
    Row("consent", _asks_for(_TOGETHER), "resident", THREE),
    Row("consent together", _asks_for(_TOGETHER), "resident", THREE, then=_all_of_it),
    Row("an app that nobody knows", _asked_by_nobody, "resident", THREE, 400),
    Row("my data, signed out", "/my", languages=THREE),
    Row("my data", "/my", "resident", THREE),
    Row("who looked", "/my/uses", "resident", THREE),
    Row("who looked, narrowed", "/my/uses?app=nobody&domain=medical&days=30", "resident", THREE),
    Row("download", "/my/download", "resident", THREE),
    Row("download, wrongly", "/my/download", "resident", THREE, 403, _wrong_once_more),
    Row("safety", "/my/safety", "resident", THREE),
)


def _invitation(city: City) -> str:
    """To somebody who does not take it up."""
    body = {"username": secrets.token_hex(8), "name": "Every Page", "roles": ["auditor"]}
    with city.client("operator") as operator:
        made = operator.post("/control/v1/staff", json=body)
    assert made.status_code == 201, made.text
    return str(made.json()["invitation"])


def _device(city: City) -> str:
    """Where a command line that signs in sends its user."""
    begun = httpx.post(f"{city.url}/oauth/device_authorization", data={"client_id": CLIENT_ID})
    assert begun.status_code == 200, begun.text
    return str(begun.json()["verification_uri_complete"])


STAFF: Final = (
    Row("an invitation", _invitation),
    Row("an invitation that is over", "/staff/enrol?invitation=over", status=404),
    Row("a device's code", "/staff/device"),
    Row("a code that is not there", "/staff/device?user_code=AAAA-AAAA", status=404),
    Row("a device that asks", _device),
    Row("staff signing in", "/staff/sign-in?next=/console"),
)


async def _creates(page: Page) -> None:
    await page.locator("main input[name=name]").fill("Every Page")
    await page.locator("input[name='scope mobility:read']").check()
    async with page.expect_navigation():
        await page.locator("main form .buttons button").click()


async def _creates_wrongly(page: Page) -> None:
    await page.locator("input[name=sign-in]").check()
    await _creates(page)


async def _opens_app(page: Page) -> None:
    async with page.expect_navigation():
        await page.locator("main .card a").first.click()


async def _opens_all_of_app(page: Page) -> None:
    await _opens_app(page)
    for more in await page.locator("main details summary").all():
        await more.click()


async def _tries(page: Page) -> None:
    await _opens_app(page)
    async with page.expect_navigation():
        await page.locator("button[value=trial]").click()


async def _edits(page: Page) -> None:
    await _opens_app(page)
    async with page.expect_navigation():
        await page.locator("main a[href$='/edit']").click()


async def _sees_usage(page: Page) -> None:
    await _opens_app(page)
    async with page.expect_navigation():
        await page.locator("main a[href$='/usage']").click()
    for more in await page.locator("main details summary").all():
        await more.click()


async def _sees_webhooks(page: Page) -> None:
    await _opens_app(page)
    async with page.expect_navigation():
        await page.locator("main a[href$='/webhooks']").click()


_APPS: Final = "/developers/apps"

DEVELOPERS: Final[tuple[Row, ...]] = (
    Row("the portal", "/developers"),
    Row("catalogue", "/developers/catalogue"),
    Row("catalogue, nothing found", "/developers/catalogue?q=nothing-of-the-kind"),
    Row("open data set", "/developers/datasets/disaster-shelters"),
    Row("personal data set", "/developers/datasets/appointments"),
    Row("reference", "/developers/apis"),
    Row("reference of an API", "/developers/apis/payments"),
    Row("reference of the largest API", "/developers/apis/control"),
    Row("an operation", "/developers/apis/mobility/operations/listDepartures"),
    Row("an operation with a body", "/developers/apis/payments/operations/initiatePayment"),
    Row("events", "/developers/events"),
    Row("status of the APIs", "/developers/status"),
    Row("changes of the APIs", "/developers/changes"),
    Row("joining", "/developers/join"),
    Row("sandbox", "/developers/sandbox"),
    Row("sandbox, signed in", "/developers/sandbox", "developer"),
    Row("quickstarts", "/developers/quickstarts"),
    Row("my applications", _APPS, "developer"),
    Row("a new application", f"{_APPS}/new", "developer"),
    Row("a wrong application", f"{_APPS}/new", "developer", status=400, then=_creates_wrongly),
    Row("keys shown once", f"{_APPS}/new", "developer", then=_creates),
    Row("an application", _APPS, "developer", then=_opens_all_of_app),
    Row("an application to change", _APPS, "developer", then=_edits),
    Row("a token for trying", _APPS, "developer", then=_tries),
    Row("usage", _APPS, "developer", then=_sees_usage),
    Row("webhooks", _APPS, "developer", then=_sees_webhooks),
    Row("a live application", f"{_APPS}/new?live=yes", "developer"),
    Row("an authenticator", "/developers/authenticator", "developer"),
)

_CONSOLE: Final = (
    "emergency",
    "clients",
    "clients/sample-app",
    "apis",
    "apis/mobility",
    "gateways",
    "dead-letters",
    "objections",
    "notices",
    "keys",
    "staff",
)
_AUDIT: Final = ("audit", "audit/0", "audit/checkpoints")

CONSOLE: Final[tuple[Row, ...]] = (
    Row("the live city", "/console/live", "operator"),
    Row("the map", "/console/map", "operator", late=("maplibre", "/base")),
    *(Row(f"console: {one}", f"/console/{one}", "operator") for one in _CONSOLE),
    *(Row(f"console: {one}", f"/console/{one}", "auditor") for one in _AUDIT),
)

EVERY_PAGE: Final = (*RESIDENTS, *STAFF, *DEVELOPERS, *CONSOLE)

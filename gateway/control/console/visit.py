"""A visit to a page of the console: ask an API in the person's name, then tell what came of it.

Every page goes the same way. It is shown with what the APIs answer. Something is posted; an API is
asked to do it; the browser is sent to the page anew, which says what was done. What was refused is
shown on the page that it was posted from, in the API's words, beside the field that is meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from fastapi import Request, Response

from gateway.control.console.navigation import console_page
from gateway.control.console.texts import CONSOLE_TEXTS
from gateway.control.oauth.visit import redirect
from gateway.control.pages.posts import NotOurs, our_form
from gateway.control.pages.wide import language_of
from gateway.control.staff.accounts import Staff
from gateway.control.staff.acting import Answer, ask
from gateway.control.staff.browser import StaffBrowser, require
from gateway.control.staff.roles import Role
from gateway.control.state import Control

MOST_FIELDS: Final = 250
"""Of a form: a box for each scope that a client asks for."""


@dataclass(slots=True)
class Visit:
    """One request of somebody's to a page of the console.

    Attributes:
        form: what was posted; empty when nothing was, or nothing that is to be acted upon.
        refusal: why what was posted has not been done.
        status: of the page.
    """

    request: Request
    control: Control
    browser: StaffBrowser
    staff: Staff
    form: dict[str, str] = field(default_factory=dict)
    refusal: Answer | None = None
    status: int = 200

    @property
    def texts(self) -> Mapping[str, str]:
        return CONSOLE_TEXTS[self.language]

    @property
    def language(self) -> str:
        return language_of(self.request)

    async def ask(
        self, method: str, path: str, json: Any = None, params: Mapping[str, Any] | None = None
    ) -> Answer:
        """Have an API do or tell something."""
        return await ask(self.request, self.staff, method, path, json=json, params=params)

    async def read(
        self, path: str, params: Mapping[str, Any] | None = None, empty: Any = ()
    ) -> Any:
        """What an API tells, for a page; ``empty`` and the refusal on the page, if it does not."""
        answer = await self.ask("GET", path, params=params)
        if answer.ok:
            return answer.body
        self.refuse(answer)
        return empty

    def refuse(self, answer: Answer) -> None:
        """Show why something was refused; the first refusal counts."""
        if self.refusal is None:
            self.refusal, self.status = answer, answer.status

    def refuse_because(self, key: str, where: str = "") -> None:
        """Refuse by the page itself, in its own words."""
        text = self.texts[key]
        faults = (f"{where}: {text}",) if where else ()
        detail = "" if where else text
        self.refuse(Answer(422, problem=(self.texts["not_done"], detail), faults=faults))

    def is_sure(self) -> bool:
        """Whether the box was ticked that what cannot be taken back asks for."""
        if self.form.get("sure") != "yes":
            self.refuse_because("tick_sure")
            return False
        return True

    async def do(self, method: str, path: str, json: Any = None) -> Answer:
        """Have an API do something; what it refuses is on the page."""
        answer = await self.ask(method, path, json)
        if not answer.ok:
            self.refuse(answer)
        return answer

    def page(self, template: str, **values: Any) -> Response:
        """The page, with what was done or refused."""
        return console_page(
            self.request, self.control, template, self.browser,
            status=self.status,
            done=self._done(),
            refusal=_shown(self.refusal),
            errors=_by_field(self.refusal),
            form=self.form,
            iso=iso,
            **values,
        )  # fmt: skip

    def _done(self) -> str:
        key = self.request.query_params.get("done", "")
        told = self.request.method == "GET" and key.isidentifier() and len(key) < 40
        return self.texts.get(f"done_{key}", "") if told else ""


async def visiting(request: Request, control: Control, *roles: Role) -> Visit:
    """Somebody with one of the roles looks at a page.

    Raises:
        SignInFirst, NotForThem: see :func:`gateway.control.staff.browser.require`.
    """
    browser = await require(request, control, *(roles or ("operator",)))
    assert browser.staff is not None  # noqa: S101 - who is not signed in was sent to do so
    return Visit(request, control, browser, browser.staff)


async def posting(request: Request, control: Control, *roles: Role) -> Visit:
    """The same, of a form that was posted. One that did not come from our page is on the visit as
    refused, and ``form`` is empty."""
    visit = await visiting(request, control, *roles)
    try:
        visit.form = await our_form(request, control, visit.browser, MOST_FIELDS)
    except NotOurs as error:
        visit.refuse_because("stale")
        visit.status = error.status
    return visit


def told(path: str, done: str, **query: str) -> Response:
    """To the page, which says what was done.

    Args:
        done: key of a text, without ``done_``.
    """
    return redirect(f"{path}?{urlencode({**query, 'done': done})}")


def part(text: str) -> str:
    """A segment of a path."""
    return quote(text, safe="")


def ticked(form: dict[str, str], kind: str) -> list[str]:
    """The boxes ``<kind>.<name>`` that were ticked; a form names nothing twice."""
    prefix = f"{kind}."
    return [name.removeprefix(prefix) for name in form if name.startswith(prefix)]


def iso(seconds: float) -> str:
    """A moment for ``<time datetime>``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _shown(refusal: Answer | None) -> dict[str, Any] | None:
    if refusal is None:
        return None
    title, detail = refusal.problem
    return {"title": title, "detail": detail, "faults": refusal.faults}


def _by_field(refusal: Answer | None) -> dict[str, str]:
    """Field of the form → what is wrong with it. A fault's place ends in the member's name."""
    found: dict[str, str] = {}
    for fault in refusal.faults if refusal else ():
        where, _, what = fault.partition(": ")
        name = where.replace(" ", "/").rsplit("/", 1)[-1]
        found.setdefault(name, what)
    return found

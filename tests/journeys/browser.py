"""A resident's browser, as far as forms go."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.journeys.city import City
from tests.journeys.partner import REDIRECT


@dataclass
class Browser:
    """A resident's browser: follows nothing by itself, keeps cookies."""

    city: City
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def get(self, url: str) -> httpx.Response:
        return self._ask("GET", url)

    def _ask(self, method: str, url: str, **options: Any) -> httpx.Response:
        with httpx.Client(base_url=self.city.url, timeout=15, cookies=self.cookies) as http:
            answer = http.request(method, url, **options)
            self.cookies = http.cookies
            return answer

    def submit(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """Post the page's form, with what is hidden in it; with ``allow``, all of it ticked."""
        action = html.unescape(found_in(r'<form method="post" action="([^"]+)"', page.text))
        kinds = ("hidden", "checkbox") if fields.get("decision") == "allow" else ("hidden",)
        held = {name: value for kind in kinds for name, value in inputs(page, kind)}
        answer = self._ask("POST", action, data={**held, **fields})
        target = answer.headers.get("location", "")
        if target.startswith("/"):
            return self.get(target)
        return answer

    def sign_in(self, url: str, resident: str, password: str) -> httpx.Response:
        page = self.get(url)
        assert page.status_code == 200, page.text
        return self.submit(page, decision="sign-in", username=resident, password=password)

    def allow(self, url: str, resident: str, app: str = "Mirai Note") -> dict[str, str]:
        """Sign in and agree to all that is asked; what comes back to the app."""
        page = self.sign_in(url, resident, self.city.password(resident))
        assert app in page.text
        back = self.submit(page, decision="allow")
        if back.status_code == 200 and 'name="combination"' in back.text:
            back = self.submit(back, decision="allow")
        assert back.status_code in {302, 303}, back.text
        assert back.headers["location"].startswith(REDIRECT)
        return {k: v[0] for k, v in parse_qs(urlsplit(back.headers["location"]).query).items()}

    def at_home(self, resident: str) -> httpx.Response:
        """The page ``/my`` of who has signed in."""
        page = self.get("/my")
        if 'name="password"' in page.text:
            page = self.sign_in("/my", resident, self.city.password(resident))
        return page

    def withdraw(self, consent: str, resident: str) -> httpx.Response:
        """Press the button at ``/my``; the page that follows."""
        page = self.at_home(resident)
        csrf = dict(inputs(page, "hidden"))["csrf"]
        form = {"csrf": csrf, "decision": "withdraw", "consent": consent}
        return self.get(self._ask("POST", "/my", data=form).headers["location"])


def inputs(page: httpx.Response, kind: str) -> list[tuple[str, str]]:
    """Names and values of a page's inputs of a kind."""
    pattern = rf'<input type="{kind}" name="([^"]+)" value="([^"]*)"'
    return [(name, html.unescape(value)) for name, value in re.findall(pattern, page.text)]


def found_in(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, text
    return match[1]

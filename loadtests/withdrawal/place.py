"""A running city, and the parties that a withdrawal is between."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

CALLBACK: Final = "http://127.0.0.1:8098/callback"
SCOPE: Final = "administration:procedures events:read"
DATASET: Final = "filings"
FETCHED: Final = "/administration/v1/residents/me/filings"
_PLENTY: Final = [20_000, 10]


@dataclass
class Place:
    """A city by its data folder.

    Attributes:
        url: of its gateway.
        app: client id and secret of an app that a resident lets see their filings.
    """

    url: str
    http: httpx.AsyncClient
    held: dict[str, Any]
    app: tuple[str, str] = ("", "")
    _tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    async def open(cls, url: str, folder: Path, http: httpx.AsyncClient) -> Self:
        """With an app registered for this run."""
        place = cls(url, http, json.loads((folder / "secrets.json").read_text()))
        place.app = await place.register(
            scope=SCOPE,
            grant_types=["authorization_code", "refresh_token"],
            redirect_uris=[CALLBACK],
            client_class="partner",
        )
        return place

    async def register(self, **asked: Any) -> tuple[str, str]:
        """A client, as an operator registers it; its id and secret."""
        asked = {"client_name": "Withdrawal run", "rate": _PLENTY, **asked}
        made = await self.http.post(
            f"{self.url}/control/v1/clients", json=asked, headers=await self.as_("operator")
        )
        made.raise_for_status()
        return made.json()["client_id"], made.json()["client_secret"]

    async def as_(self, client: str, secret: str = "") -> dict[str, str]:
        """The header field by which a client calls for itself."""
        if client not in self._tokens:
            auth = (client, secret or str(self.held["clients"][client]))
            form = {"grant_type": "client_credentials"}
            answer = await self.http.post(f"{self.url}/oauth/token", data=form, auth=auth)
            answer.raise_for_status()
            self._tokens[client] = answer.json()["access_token"]
        return {"authorization": f"Bearer {self._tokens[client]}"}


class Resident:
    """One of the sample residents in a browser."""

    def __init__(self, place: Place, name: str = "hana") -> None:
        self._place = place
        self._name, self._password = name, str(place.held["residents"][name])
        self._browser = httpx.AsyncClient(base_url=place.url, timeout=30)

    async def close(self) -> None:
        await self._browser.aclose()

    async def consent(self) -> dict[str, str]:
        """Let the app see the filings; the header field of its token."""
        verifier = secrets.token_urlsafe(48)
        url = self._authorize_url(verifier)
        page = await self._signed_in(url)
        answer = await self._browser.post(url, data={**_form(page), "decision": "allow"})
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": verifier,
        }
        token = await self._place.http.post(
            f"{self._place.url}/oauth/token", data=form, auth=self._place.app
        )
        token.raise_for_status()
        return {"authorization": f"Bearer {token.json()['access_token']}"}

    async def withdraw(self) -> None:
        """All that the app was allowed, at ``/my``; returns when the platform says so."""
        page = await self._signed_in("/my")
        what = f"client:{self._place.app[0]}"
        form = {"csrf": _form(page)["csrf"], "decision": "withdraw", "consent": what}
        answer = await self._browser.post("/my", data=form)
        if "stopped=" not in answer.headers.get("location", ""):
            raise RuntimeError(f"nothing was withdrawn: {answer.status_code}")

    async def _signed_in(self, url: str) -> httpx.Response:
        page = await self._browser.get(url)
        if 'type="password"' in page.text:
            form = {"username": self._name, "password": self._password, "decision": "sign-in"}
            await self._browser.post(url, data={**_form(page), **form})
            page = await self._browser.get(url)
        page.raise_for_status()
        return page

    def _authorize_url(self, verifier: str) -> str:
        challenge = hashlib.sha256(verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._place.app[0],
            "redirect_uri": CALLBACK,
            "scope": SCOPE,
            "state": secrets.token_urlsafe(16),
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"/oauth/authorize?{urlencode(query)}"


def _form(page: httpx.Response) -> dict[str, str]:
    """What the page's form posts with every box ticked."""
    found: dict[str, str] = {}
    for tag in re.findall(r"<input ([^>]+)>", page.text):
        if 'type="hidden"' in tag or 'type="checkbox"' in tag:
            found |= dict(re.findall(r'name="([^"]+)" value="([^"]*)"', tag))
    return found

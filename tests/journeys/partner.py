"""A partner's app, as far as it is on a server."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.journeys.city import City

REDIRECT = "http://127.0.0.1:8099/callback"


@dataclass
class Partner:
    """A partner's app, as far as it is on a server; the sample one when nothing else is said."""

    city: City
    client_id: str = "sample-partner"
    secret: str = ""

    def __post_init__(self) -> None:
        self.secret = self.secret or self.city.secret(self.client_id)
        self.verifier = secrets.token_urlsafe(48)
        self.state = secrets.token_urlsafe(16)

    def authorize_url(self, scope: str, *details: dict[str, Any]) -> str:
        """Where a resident is asked.

        Args:
            details: authorization details (RFC 9396).
        """
        challenge = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": REDIRECT,
            "scope": scope,
            "state": self.state,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **({"authorization_details": json.dumps(details)} if details else {}),
        }
        return f"/oauth/authorize?{urlencode(query)}"

    def redeem(self, code: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": self.verifier,
        }
        return self._post("/oauth/token", form)

    def refresh(self, token: str) -> httpx.Response:
        return self._post("/oauth/token", {"grant_type": "refresh_token", "refresh_token": token})

    def revoke(self, token: str) -> httpx.Response:
        return self._post("/oauth/revoke", {"token": token})

    def _post(self, path: str, form: dict[str, str]) -> httpx.Response:
        auth = (self.client_id, self.secret)
        return httpx.post(f"{self.city.url}{path}", data=form, auth=auth)

"""The application as which the load comes: the one that ``supercity up`` has registered."""

from __future__ import annotations

import json
import os
import time
import urllib.parse
import urllib.request
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

FILE: Final = "sample-app.json"
_RENEW_BEFORE_SECONDS: Final = 30


def data_dir() -> Path:
    """Where ``supercity up`` keeps what it makes."""
    return Path(os.environ.get("SUPERCITY_DATA_DIR") or ".supercity")


@dataclass(frozen=True)
class SampleApp:
    """Client credentials, and the gateway that knows them."""

    client_id: str
    client_secret: str
    gateway_url: str

    @classmethod
    def load(cls, folder: Path | None = None, file: str = FILE) -> Self:
        """Read ``sample-app.json``, or another client's file.

        Raises:
            SystemExit: there is none, so no city was started here.
        """
        path = (folder or data_dir()) / file
        try:
            said = json.loads(path.read_text())
        except FileNotFoundError:
            raise SystemExit(f"no {path}: start the city first, with `make up`") from None
        return cls(said["client_id"], said["client_secret"], said["gateway_url"].rstrip("/"))


class City:
    """The open API to ask before the load begins: a token, lists to choose from. Not counted."""

    def __init__(self, app: SampleApp) -> None:
        self.app = app
        self._token = ""
        self._renew_at = 0.0

    def authorization(self) -> str:
        """A Bearer header value (client credentials, RFC 6749 §4.4), renewed before it ends."""
        if time.monotonic() >= self._renew_at:
            basic = b64encode(f"{self.app.client_id}:{self.app.client_secret}".encode()).decode()
            form = urllib.parse.urlencode({"grant_type": "client_credentials"}).encode()
            said = self._ask("/oauth/token", f"Basic {basic}", form)
            self._token = said["access_token"]
            self._renew_at = time.monotonic() + said["expires_in"] - _RENEW_BEFORE_SECONDS
        return f"Bearer {self._token}"

    def items(self, path: str) -> list[dict[str, Any]]:
        """A list that the open API answers, bare or as the ``items`` of a page."""
        said = self._ask(path, self.authorization())
        found: list[dict[str, Any]] = said["items"] if isinstance(said, dict) else said
        return found

    def _ask(self, path: str, authorization: str, form: bytes | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the scheme is our own file's
            self.app.gateway_url + path, form, {"Authorization": authorization}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.load(answer)

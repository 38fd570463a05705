"""The open API as an operator's command line sees it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any, Final, Self

import httpx

from gateway.private_file import write_private
from gateway.settings import Settings

FILE: Final = "operator.json"
SESSION: Final = "session.json"
"""Who signed in with ``supercity login``, beside it."""
_TIMEOUT = 15.0


class Refused(Exception):
    """What the platform said no to, in words for a terminal.

    Attributes:
        status: of the answer; 0 where there was none.
    """

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class Session:
    """The token of who signed in, in a file that only its owner can read."""

    @staticmethod
    def save(folder: Path, token: str, seconds: int) -> Path:
        path = folder / SESSION
        folder.mkdir(parents=True, exist_ok=True)
        write_private(path, {"access_token": token, "expires": int(time()) + seconds})
        return path

    @staticmethod
    def token(folder: Path) -> str:
        """Empty when nobody has signed in, or too long ago."""
        try:
            found = json.loads((folder / SESSION).read_text())
            return str(found["access_token"]) if found["expires"] > time() + 5 else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    @staticmethod
    def forget(folder: Path) -> None:
        (folder / SESSION).unlink(missing_ok=True)


@dataclass(slots=True)
class Operator:
    """Args:
    http: with the platform's public address as its base.
    """

    http: httpx.Client
    client_id: str
    client_secret: str
    _token: str = ""

    @classmethod
    def from_settings(cls, settings: Settings, timeout: float = _TIMEOUT) -> Operator:
        """As who signed in with ``supercity login``; else with the credentials of the environment,
        else of ``<data dir>/operator.json``.

        Raises:
            Refused: there are none.
        """
        http = httpx.Client(base_url=city_of(settings), timeout=timeout)
        if token := Session.token(settings.data_dir):
            return cls(http, "", "", token)
        client_id, secret = settings.client_id, settings.client_secret
        if not (client_id and secret):
            client_id, secret = _read(settings.data_dir / FILE)
        return cls(http, client_id, secret)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def sign_in(self) -> None:
        """Get a token, unless there is one.

        Raises:
            Refused: the credentials are not good, or nothing answers.
        """
        if not self._token:
            self._get_token()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer; ``None`` when it has no body.

        Raises:
            Refused: anything but success, with the findings if there are any.
        """
        answer = self._ask(method, path, body)
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise Refused(
                f"{path} answered with something that is no JSON: is {self.http.base_url} the "
                "city's gateway? SUPERCITY_GATEWAY_URL says where it is."
            ) from error

    def text(self, path: str) -> str:
        """The text at a path.

        Raises:
            Refused: as :meth:`call` does.
        """
        return self._ask("GET", path).text

    def _ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"authorization": f"Bearer {self._token or self._get_token()}"}
        answer = self._send(method, path, json=body, headers=headers)
        if answer.is_error:
            raise Refused(explain(answer), answer.status_code)
        return answer

    def _get_token(self) -> str:
        answer = self._send(
            "POST",
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(self.client_id, self.client_secret),
        )
        if answer.status_code in {400, 401}:
            raise Refused(
                f"The platform does not know client {self.client_id!r} with this secret: set "
                "SUPERCITY_CLIENT_ID and SUPERCITY_CLIENT_SECRET, or SUPERCITY_DATA_DIR.",
                answer.status_code,
            )
        if answer.is_error:
            raise Refused(explain(answer), answer.status_code)
        self._token = str(answer.json()["access_token"])
        return self._token

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        return send(self.http, method, path, **options)


def send(http: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
    """Raises:
    Refused: nothing answers, or too late.
    """
    try:
        return http.request(method, path, **options)
    except httpx.TimeoutException as error:
        raise Refused(
            f"{http.base_url} took too long to answer {path}: look at it with `supercity status`."
        ) from error
    except httpx.TransportError as error:
        raise Refused(
            f"Nothing answers at {http.base_url} ({error}): start it with `supercity up`, or set "
            "SUPERCITY_GATEWAY_URL."
        ) from error


def city_of(settings: Settings) -> str:
    """The address of the city that is meant: of the environment; else of the city whose data
    folder this is, wherever `supercity up` put its ports."""
    if settings.gateway_url == Settings().public_url:
        with suppress(OSError, ValueError, KeyError, TypeError):
            return str(json.loads((settings.data_dir / FILE).read_text())["gateway_url"])
    return settings.gateway_url


def _read(path: Path) -> tuple[str, str]:
    try:
        found = json.loads(path.read_text())
        return str(found["client_id"]), str(found["client_secret"])
    except FileNotFoundError as error:
        raise Refused(
            f"No operator's credentials: {path} is not there. Run in the folder of "
            "`supercity up`, or set SUPERCITY_CLIENT_ID and SUPERCITY_CLIENT_SECRET."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"{path} cannot be read as credentials: {error!r}") from error


_HINTS: Final = {
    401: "Sign in again with `supercity login`.",
    403: "Sign in with `supercity login` as somebody whose role has that, or let an operator give "
    "it to the client with `supercity clients grant`.",
    502: "Look at what is behind it with `supercity status`.",
    503: "Look at what is behind it with `supercity status`.",
}


def explain(answer: httpx.Response) -> str:
    """A refusal as lines: what, where, and what to do."""
    try:
        problem = answer.json()
    except ValueError:
        return f"{answer.request.url.path} answered {answer.status_code}."
    if not isinstance(problem, dict):
        return f"{answer.request.url.path} answered {answer.status_code}: {problem}"
    lines = [str(problem.get("detail") or problem.get("error_description") or problem)]
    for fault in problem.get("errors", []):
        lines.append(f"  {fault['where'] or '/'}: {fault['what']}")
        if fault.get("fix"):
            lines.append(f"    → {fault['fix']}")
    if hint := _HINTS.get(answer.status_code):
        lines.append(f"  → {hint}")
    return "\n".join(lines)

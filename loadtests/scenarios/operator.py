"""The city's operator, who declares an emergency during a run and ends it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

from loadtests.scenarios.app import City, SampleApp, data_dir

FILE: Final = "operator.json"
PATH: Final = "/control/v1/emergency"


class Operator:
    """Speaks to the control plane through the gateway, like everybody."""

    def __init__(self, app: SampleApp) -> None:
        self._city = City(app)

    @classmethod
    def load(cls, folder: Path | None = None) -> Self:
        """With the credentials that ``supercity up`` has put into its data folder.

        Raises:
            SystemExit: there are none.
        """
        return cls(SampleApp.load(folder or data_dir(), FILE))

    def declare(self, level: str, minutes: int = 10) -> None:
        """Declare an emergency; it ends by itself if the run is cut short."""
        until = datetime.now(UTC) + timedelta(minutes=minutes)
        body = {"reason": "Load test", "until": until.isoformat(), "level": level}
        self._send("POST", json.dumps(body).encode())
        print(f"an emergency is in force: {level}")

    def all_clear(self) -> None:
        """End the emergency, if one is in force."""
        try:
            self._send("DELETE")
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise

    def _send(self, method: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the scheme is our own file's
            self._city.app.gateway_url + PATH,
            body,
            {"Authorization": self._city.authorization(), "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.read()

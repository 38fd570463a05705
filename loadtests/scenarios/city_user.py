"""A user of the open API: shares its application's token, and says plainly what failed."""

from __future__ import annotations

import json
from typing import Any, ClassVar, Final

from locust import FastHttpUser

from loadtests.scenarios.app import City, SampleApp

_OVERLOAD: Final = '"urn:problem-type:supercity:overload-'


class CityUser(FastHttpUser):
    """Base of the scenarios' users. All users of a process are one application: one token."""

    abstract = True
    may_be_shed: ClassVar[bool] = False
    """Whether being turned away in an overload (503, ``overload-…``) is no failure."""
    city: ClassVar[City | None] = None

    @classmethod
    def connect(cls) -> City:
        """The city to load, once a process; its gateway is the default of ``--host``."""
        if CityUser.city is None:
            app = SampleApp.load()
            CityUser.city = City(app)
            CityUser.host = CityUser.host or app.gateway_url
        return CityUser.city

    def call(self, method: str, path: str, name: str, **options: Any) -> Any:
        """One request, counted under ``name``; anything but 2xx is a failure with its reason.

        Returns:
            The answer's JSON; None after a failure.
        """
        headers = {"Authorization": self.connect().authorization(), **options.pop("headers", {})}
        request = self.client.request(
            method, path, name=name, headers=headers, catch_response=True, **options
        )
        with request as answer:
            if not 200 <= answer.status_code < 300:
                if self.may_be_shed and answer.status_code == 503 and _OVERLOAD in answer.text:
                    answer.request_meta["name"] = f"shed {name}"
                    answer.success()
                else:
                    answer.failure(_reason(answer))
                return None
            return json.loads(answer.text)


def _reason(answer: Any) -> str:
    """``429 Too many requests``: the problem's title (RFC 9457), the same for all of a kind."""
    if not answer.status_code:
        return f"no answer: {answer.error}"
    try:
        title = json.loads(answer.text)["title"]
    except (ValueError, KeyError, TypeError):
        title = "without a problem document"
    return f"{answer.status_code} {title}"

"""Data holders behind a gateway that is not there: what each answers, by path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

Answer = httpx.Response | Callable[[httpx.Request], httpx.Response]


@dataclass
class Holders:
    """Attributes:
    answers: by path; another path's holder knows nobody.
    asked: every request that came.
    """

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    def client(self) -> httpx.AsyncClient:
        transport = httpx.MockTransport(self._answer)
        return httpx.AsyncClient(transport=transport, base_url="http://gateway")

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        found = self.answers.get(request.url.path, httpx.Response(404, json={}))
        if isinstance(found, httpx.Response):
            return httpx.Response(found.status_code, content=found.content)
        return found(request)


def json_of(value: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=value)


def never(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("too slow", request=request)

"""The control plane, as the broker asks it about consents."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final, Protocol

import httpx

from schemas.headers import GATEWAY_KEY
from schemas.revocations import GRANTS, MOST_ASKED, REVOCATIONS, SUBJECTS, Asked, Ends, Subject

WAIT_SECONDS: Final = 10
"""For which the control plane may hold a question."""

_TIMEOUT: Final = 5.0


class Gone(Exception):
    """The grant or the consent lives no more."""


class Control(Protocol):
    """What the broker asks. Each raises ``OSError`` when there is no answer."""

    async def ends(self, etag: str) -> tuple[Ends | None, str]:
        """What has ended lately, as soon as it is something else than ``etag`` stands for.

        Returns:
            None when there was nothing new in :data:`WAIT_SECONDS`; and the new ``etag``.
        """
        ...

    async def dead(self, grants: Iterable[str], consents: Iterable[str]) -> Asked:
        """Those of the ids that live no more."""
        ...

    async def subject(self, grant: str, consent: str, domain: str) -> Subject:
        """The resident behind a consent.

        Raises:
            Gone: the consent lives no more.
        """
        ...

    async def close(self) -> None: ...


class HttpControl:
    """The control plane over the city's inner network.

    Args:
        url: ``http://host:port``.
        key: the gateway key.
    """

    def __init__(self, url: str, key: str) -> None:
        headers = {GATEWAY_KEY: key, "accept": "application/json"}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=_TIMEOUT)

    async def ends(self, etag: str) -> tuple[Ends | None, str]:
        asking = {"if-none-match": etag, "prefer": f"wait={WAIT_SECONDS}"} if etag else {}
        timeout = httpx.Timeout(_TIMEOUT, read=WAIT_SECONDS + _TIMEOUT)
        answer = await self._ask("GET", REVOCATIONS, headers=asking, timeout=timeout)
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            return None, etag
        found: Ends = _checked(answer).json()
        return found, answer.headers["etag"]

    async def dead(self, grants: Iterable[str], consents: Iterable[str]) -> Asked:
        found = Asked(grants=[], consents=[])
        some, others = iter(grants), iter(consents)
        while True:
            asked = Asked(
                grants=list(islice(some, MOST_ASKED)), consents=list(islice(others, MOST_ASKED))
            )
            if not (asked["grants"] or asked["consents"]):
                return found
            answer: Asked = _checked(await self._ask("POST", GRANTS, json=asked)).json()
            found["grants"] += answer["grants"]
            found["consents"] += answer["consents"]

    async def subject(self, grant: str, consent: str, domain: str) -> Subject:
        asked = {"grant": grant, "consent": consent, "domain": domain}
        answer = await self._ask("POST", SUBJECTS, json=asked)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise Gone
        found: Subject = _checked(answer).json()
        return found

    async def _ask(self, method: str, path: str, **options: object) -> httpx.Response:
        try:
            return await self._http.request(method, path, **options)  # type: ignore[arg-type]
        except httpx.HTTPError as error:
            raise ConnectionError(f"the control plane does not answer: {error!r}") from error

    async def close(self) -> None:
        await self._http.aclose()


def _checked(answer: httpx.Response) -> httpx.Response:
    if not answer.is_success:
        raise ConnectionError(f"the control plane answered {answer.status_code}")
    return answer

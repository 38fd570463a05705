"""``GET /internal/policy``: the snapshot by long-poll, for the city's own data plane."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import APIRouter, Header, Response

from gateway.control.state import ControlDep
from schemas.policy import PATH

router = APIRouter(include_in_schema=False)

LONGEST_WAIT: Final = 60
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,4})\"?")


@router.get(PATH)
async def read_policy(
    control: ControlDep,
    if_none_match: Annotated[str, Header()] = "",
    prefer: Annotated[str, Header()] = "",
) -> Response:
    """Answer at once with a policy that the caller has not, else wait for one (RFC 7240 §4.3).

    200 with an ``ETag``, or 304 when nothing changed within the wait.
    """
    held = if_none_match.removeprefix("W/").strip('"')
    wait = wait_preference(prefer)
    published = control.publisher.current
    if held == published.revision and wait:
        published = await control.publisher.wait(held, wait)
    headers = {"ETag": f'"{published.revision}"', "Cache-Control": "no-store"}
    if held == published.revision:
        return Response(status_code=304, headers=headers)
    return Response(published.body, media_type="application/json", headers=headers)


@router.get("/internal/status")
async def read_status(control: ControlDep) -> dict[str, object]:
    """What is attached and in which state, for the processes' own supervisor."""
    published = control.publisher.current
    return {
        "revision": published.revision,
        "routes": len(published.snapshot["routes"]),
        "apis": {api.name: api.state for api in published.attached},
    }


def wait_preference(prefer: str) -> int:
    """Seconds of ``Prefer: wait=n``; 0 without one."""
    found = _WAIT.search(prefer.lower())
    return min(int(found[1]), LONGEST_WAIT) if found else 0

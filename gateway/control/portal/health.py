"""Which APIs answer, and since when: all that the portal's pages say of it comes from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from gateway.control.catalogue import history
from gateway.control.catalogue.entries import ApiEntry
from gateway.control.portal import offers
from gateway.control.state import Control

Health = Literal["good", "unreachable", "refused", "waiting"]
_MOST: Final = 2_000


@dataclass(frozen=True, slots=True)
class ApiHealth:
    """One API.

    Attributes:
        since: when it came to be so, in seconds since the epoch; 0 if that is not known.
        why: what the platform saw, in English, as operators read it; empty when it is well.
    """

    api: ApiEntry
    health: Health
    since: int
    why: str = ""


async def of_all(control: Control) -> list[ApiHealth]:
    """Every API that can be called: by what the platform sees when it fetches their documents,
    every half minute. An API whose document cannot be had seldom answers anything else."""
    async with control.store.read() as connection:
        told = await history.newest(connection, (*history.STATES, "attached"), _MOST)
    held = {one.name: one for one in control.publisher.current.attached}
    found = []
    for api in offers.apis(control):
        one = held.get(api.name)
        state = one.state if one else "attached"
        health: Health = "good" if state == "attached" else state
        kinds = ("good", "attached") if health == "good" else (health,)
        since = next((it.at for it in told if it.api == api.name and it.kind in kinds), 0)
        why = "; ".join([one.error, *(f.what for f in one.findings[:3])]).strip("; ") if one else ""
        found.append(ApiHealth(api, health, since, why))
    return found

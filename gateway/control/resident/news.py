"""What is new since a resident last saw their own page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.audit.event import SECTOR
from gateway.control.consent import records
from gateway.control.disclosure import records as disclosures
from gateway.control.resident import history
from gateway.control.resident.room import Home
from gateway.control.trail import objections, uses
from gateway.control.trail.uses import Line
from gateway.control.trail.words import client_names, dataset_titles
from schemas.purposes import OWN, VITAL

_MOST: Final = 5
"""Apps that are named; all of them are on the page of uses."""


@dataclass(frozen=True, slots=True)
class News:
    """In words.

    Attributes:
        since: local time.
        alarming: disclosures in emergencies.
    """

    since: str
    alarming: tuple[str, ...]
    lines: tuple[str, ...]


async def of(home: Home, connection: AsyncConnection) -> News | None:
    """``None`` for who was never here before."""
    since, control = home.browser.since, home.control
    if not since:
        return None
    subject = control.pseudonyms.of(home.resident.resident_id, SECTOR)
    found = await uses.events(connection, control.audit.envelopes, subject, since=since * 1000)
    return News(
        since=history.local(since),
        alarming=await _disclosed(home, connection),
        lines=(
            *await _looked(home, connection, uses.lines(found)),
            *await _ended(home, connection),
            *await _answered(home, connection, subject),
        ),
    )


async def _looked(home: Home, connection: AsyncConnection, lines: list[Line]) -> list[str]:
    others = [one for one in lines if one.which.purpose != OWN and not one.emergency]
    counts: Counter[str] = Counter()
    for one in others:
        if one.used:
            counts[one.which.client] += one.count
    names = await client_names(connection, counts)
    text = home.text("news_uses")
    told = [text.format(client=names[one], count=n) for one, n in counts.most_common(_MOST)]
    if refused := sum(one.count for one in others if not one.used):
        told.append(home.text("news_refused").format(count=refused))
    return told


async def _disclosed(home: Home, connection: AsyncConnection) -> tuple[str, ...]:
    titles = dataset_titles(home.control, home.language)
    return tuple(
        home.text("news_disclosed").format(
            datasets=home.text("comma").join(titles.get(name, name) for name in one.datasets)
        )
        for one in await disclosures.of_resident(connection, home.resident.resident_id)
        if one.created >= home.browser.since
    )


async def _ended(home: Home, connection: AsyncConnection) -> list[str]:
    """What has ended, but not at the resident's own word: that is no news to them."""
    given = await records.of_resident(connection, home.resident.resident_id)
    control = home.control
    withdrawn = await history.of(
        connection, control.pseudonyms, control.audit.envelopes, home.resident
    )
    own = {one.gid for one in withdrawn if one.text == "consent_withdraw"}
    ended = {
        one.client_id
        for one in given
        if home.browser.since <= (one.withdrawn or one.until) <= control.now()
        and one.gid not in own
        and one.purpose != VITAL
    }
    names = await client_names(connection, ended)
    return [home.text("news_ended").format(client=names[one]) for one in sorted(ended)]


async def _answered(home: Home, connection: AsyncConnection, subject: str) -> list[str]:
    made = await objections.of(home.control, connection, subject)
    new = [one for one in made if (one.answered or 0) >= home.browser.since]
    return [home.text("news_answered")] * bool(new)

"""Which events are looked for: by who, what, to what, about whom, when, and by words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import Depends, Query
from pydantic import AwareDatetime
from sqlalchemy import Select, select

from gateway.control import tables

MOST_LOOKED_THROUGH: Final = 1_000_000
"""Events, when words are looked for: they are in no index."""

Word = Annotated[str, Query(max_length=128)]


@dataclass(frozen=True, slots=True)
class Search:
    """What is not given is not asked for.

    Attributes:
        action: ``client.suspend``, or ``client.*`` for all of them.
        target: what it was done to; of events about nobody.
        text: anywhere in an entry; sealed parts are not looked through.
        before: only events of lower numbers.
    """

    client: str = ""
    action: str = ""
    target: str = ""
    subject: str = ""
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None

    def query(self, newest: int) -> Select[Any]:
        """Newest first.

        Args:
            newest: how many events there are.
        """
        c = tables.audit_events.c
        found: Select[Any] = select(tables.audit_events).order_by(c.number.desc())
        for column, wanted in ((c.client, self.client), (c.subject, self.subject)):
            found = found.where(column == wanted) if wanted else found
        if self.action.endswith(".*"):
            found = found.where(c.action.startswith(self.action[:-1], autoescape=True))
        elif self.action:
            found = found.where(c.action == self.action)
        if self.since is not None:
            found = found.where(c.at >= int(self.since.timestamp() * 1000))
        if self.until is not None:
            found = found.where(c.at < int(self.until.timestamp() * 1000))
        if self.before is not None:
            found = found.where(c.number < self.before)
        if self.target:
            ending = f',"target":{_json(self.target)},"v":1}}'
            found = found.where(c.entry.endswith(ending, autoescape=True))
        if self.text:
            found = found.where(c.entry.icontains(_json(self.text)[1:-1], autoescape=True))
        if self.text or self.target:
            upto = newest if self.before is None else min(self.before, newest)
            found = found.where(c.number >= upto - MOST_LOOKED_THROUGH)
        return found


def _json(text: str) -> str:
    """As it stands in an entry."""
    return orjson.dumps(text).decode()


async def _asked(  # async: FastAPI runs others in a thread
    client: Annotated[
        str, Query(max_length=128, description="Who did it: `staff:<id>` or a client")
    ] = "",
    action: Annotated[
        str, Query(max_length=64, description="Such as `client.suspend`, or `client.*`")
    ] = "",
    target: Annotated[str, Query(max_length=128, description="What it was done to")] = "",
    subject: Annotated[str, Query(max_length=128, description="About whom: a pseudonym")] = "",
    text: Annotated[
        str,
        Query(
            max_length=100,
            description="Anywhere in what is not about a resident, among the newest "
            f"{MOST_LOOKED_THROUGH:,} events below `before`",
        ),
    ] = "",
    since: Annotated[AwareDatetime | None, Query(alias="from", description="RFC 3339")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="RFC 3339")] = None,
    before: Annotated[int | None, Query(ge=0, le=2**62, description="Below this number")] = None,
) -> Search:
    return Search(client, action, target, subject, text, since, until, before)


SearchDep = Annotated[Search, Depends(_asked)]

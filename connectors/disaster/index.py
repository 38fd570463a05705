"""An Atom index of alerts (RFC 4287), as JMA and other weather offices publish: follow its links.

What an index links to is fetched only from the host that the index itself came from: an index must
not be able to make the city call addresses of its choice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from connectors.disaster.document import MOST_BYTES, Node, read_xml
from connectors.disaster.reader import STANDARDS, read_alert, report_of
from connectors.disaster.report import Report
from connectors.faults import Faults
from connectors.upstream import DataHolder
from schemas.problem import Fault, Problem, Unavailable, Unprocessable

logger = logging.getLogger(__name__)

NAMESPACE: Final = "http://www.w3.org/2005/Atom"
_AT_ONCE: Final = 50
"""Links followed in one round; the newest, for an alert of an hour ago is known or over."""
_REMEMBERED: Final = 10_000


@dataclass(frozen=True)
class Index:
    """Links to alert documents, newest first."""

    links: tuple[str, ...]


def parse_index(root: Node) -> Index:
    """The links of an Atom feed's entries.

    Raises:
        Unprocessable: an entry has no link.
    """
    links = []
    for entry in root.all("entry"):
        link = entry.first("link")
        if link is None or not link.get("href"):
            root.faults.add(entry.where, "The entry has no link with an href.")
        else:
            links.append(link.get("href"))
    root.faults.check()
    return Index(tuple(dict.fromkeys(links)))


def read_alert_or_index(raw: bytes) -> Report | Index:
    """What a source of alerts has: one alert document, or an index of such.

    Raises:
        Unprocessable: as :func:`connectors.disaster.reader.read_alert`.
    """
    root = read_xml(raw, Faults(STANDARDS))
    if root.namespace == NAMESPACE and root.name == "feed":
        return parse_index(root)
    return report_of(root)


class Follower:
    """Fetches what an index links to, each document once.

    Args:
        url: where the index comes from; empty where it is not followed but pushed.
        accept: takes a report; returns whether it was new.
    """

    def __init__(
        self,
        url: str,
        accept: Callable[[Report], Awaitable[bool]],
        holder: DataHolder | None = None,
    ) -> None:
        self._url, self._accept = url, accept
        self._holder = holder or DataHolder(limit=MOST_BYTES)
        self._seen: dict[str, None] = {}

    async def close(self) -> None:
        await self._holder.close()

    async def follow(self, index: Index) -> int:
        """Take the alerts behind an index, oldest first; returns how many were new.

        A link that cannot be followed is passed over: tried again with the index's next change if
        its host did not answer, never again if what is there is no alert.

        Raises:
            Unprocessable: the index was pushed, so it is not known whose it is.
        """
        if not urlsplit(self._url).hostname:
            fault = Fault("/feed", "An index can be followed, not pushed.", "push the alerts")
            raise Unprocessable("This is an index of alerts, not an alert.", faults=[fault])
        taken = 0
        for link in reversed(index.links[:_AT_ONCE]):
            if link not in self._seen:
                taken += await self._take(link)
        return taken

    async def _take(self, link: str) -> bool:
        is_new = False
        try:
            raw = await self._holder.get(self._allowed(link))
            report = await asyncio.to_thread(read_alert, raw or b"")
            is_new = await self._accept(report)
        except Unavailable as problem:
            logger.warning("alerts: %s", problem.detail)
            return False
        except Problem as problem:
            what = problem.faults[0].what if problem.faults else problem.detail
            logger.info("alerts: %s is passed over: %s", link[:200], what[:200])
        self._seen[link] = None
        while len(self._seen) > _REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        return is_new

    def _allowed(self, link: str) -> str:
        whole = urljoin(self._url, link)
        ours, theirs = urlsplit(self._url), urlsplit(whole)
        if (theirs.scheme, theirs.netloc) != (ours.scheme, ours.netloc):
            raise Unprocessable(f"{whole[:200]} is not on the index's own host.")
        return whole

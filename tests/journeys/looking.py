"""Looking at a page in Chromium: can everybody use it, is it light, does it keep to its own host?

Judged by axe-core are WCAG 2.2 A and AA and what is good practice; serious and critical findings
count. Sizes are as sent (compressed where the server compresses).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.async_api import Page, ViewportSize

from tests.servers import node

PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
WIDE: Final[ViewportSize] = {"width": 1280, "height": 900}
TAGS: Final = {"ja": "ja", "en": "en", "easy": "ja"}
"""What ``lang`` is to be."""
MOST_BYTES: Final = 200_000
MOST_MILLISECONDS: Final = 1_000
TRIES: Final = 3
"""For the first paint: a machine that does something else is not the page's fault."""

_INSIDE: Final = (Path(__file__).parent / "looking.js").read_text()


@dataclass
class Look:
    """One page, as one browser shows it.

    Attributes:
        home: scheme, host and port of the city.
        status: that its answer is to have.
        late: parts of the names of files that come after the first paint.
        found: what is wrong with it.
    """

    page: Page
    home: str
    language: str
    status: int
    late: tuple[str, ...]
    found: list[str] = field(default_factory=list)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While the page is shown: what it says on the console, and whom it asks."""
        heard: dict[Any, Callable[[Any], None]] = {
            "console": self._heard,
            "pageerror": lambda error: self.found.append(f"script: {error}"),
            "request": self._asked,
        }
        for what, hear in heard.items():
            self.page.on(what, hear)
        try:
            yield
        finally:
            for what, hear in heard.items():
                self.page.remove_listener(what, hear)

    def _heard(self, said: Any) -> None:
        # of the page itself, which is meant to be one
        refused = self.status >= 400 and f"status of {self.status}" in said.text
        # what a driver without a GPU says of drawing at all
        drawing = "GL Driver Message" in said.text
        if said.type in {"error", "warning"} and not refused and not drawing:
            self.found.append(f"console: {said.text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.found.append(f"asks another host: {request.url}")

    async def inside(self) -> None:
        """Evaluated, not loaded as a script, which the page's own policy forbids."""
        await self.page.evaluate((node.modules() / "axe-core" / "axe.min.js").read_text())

    async def ask(self, what: str) -> Any:
        return await self.page.evaluate(f"look.{what}")

    async def weigh(self, painted: float) -> None:
        """What came late, and says so, is not counted."""
        sent = await self.ask("sent()")
        late = [one for one in sent if any(name in one["url"] for name in self.late)]
        counted = sum(one["bytes"] for one in sent if one not in late and _is_weighed(one["url"]))
        if counted > MOST_BYTES:
            self.found.append(f"{counted} bytes: {[urlsplit(one['url']).path for one in sent]}")
        self.found += [
            f"{one['url']} comes at {one['at']:.0f} ms, before the first paint at {painted:.0f} ms"
            for one in late
            if one["at"] < painted
        ]

    async def read(self) -> None:
        said = await self.ask("said()")
        if said["language"] != TAGS[self.language]:
            self.found.append(f"lang is {said['language']!r}")
        if not said["title"] or said["headings"] != 1:
            self.found.append(f"{said['headings']} h1, title {said['title']!r}")
        if not said["skips"]:
            self.found.append("there is navigation, and the first control does not lead past it")

    async def judge(self) -> None:
        self.found += await self.ask("judged()")

    async def judge_in_the_dark(self) -> None:
        """What is lit: the rest is as it was."""
        await self.page.emulate_media(color_scheme="dark")
        dark = await self.ask("judged(['color-contrast'])")
        self.found += [f"in the dark, {one}" for one in dark]
        await self.page.emulate_media(color_scheme="light")

    async def measure(self) -> None:
        for size in (WIDE, PHONE):
            await self.page.set_viewport_size(size)
            sideways = await self.ask("sideways()")
            self.found += [f"at {size['width']} px too wide: {one}" for one in sideways]

    async def walk(self) -> None:
        """From control to control by Tab, once more round than there are stops; again where a page
        that goes on being filled has more of them by then."""
        missed: list[str] = []
        for _ in range(3):
            for _ in range(await self.ask("watch()") + 2):
                await self.page.keyboard.press("Tab")
            missed = await self.ask("missed()")
            if not missed:
                break
        self.found += missed


def _is_weighed(url: str) -> bool:
    """Whether it is HTML, CSS or a script: a page's own address has no other ending."""
    ending = Path(urlsplit(url).path).suffix
    return ending not in {".png", ".svg", ".ico", ".woff2", ".geojson", ".json"}


async def look_at(look: Look, come: Callable[[Page], Awaitable[int]], *, once: bool) -> list[str]:
    """What is wrong with a page.

    Args:
        come: brings the browser to the page, and says with what status it was answered.
        once: look also at what is the same in every language: the keyboard, and the dark.
    """
    with look.listening():
        painted = await _first_paint(look, come)
        await look.inside()
        await look.weigh(painted)
        await look.read()
        await look.judge()
        if once:
            await look.judge_in_the_dark()
            await look.walk()
        await look.measure()
    return look.found


async def _first_paint(look: Look, come: Callable[[Page], Awaitable[int]]) -> float:
    """The best of some visits, in milliseconds."""
    painted = float("inf")
    for _ in range(TRIES):
        if (answered := await come(look.page)) != look.status:
            look.found.append(f"answered {answered}")
        await look.page.evaluate(_INSIDE)
        painted = min(painted, float(await look.ask("painted()")))
        if painted < MOST_MILLISECONDS:
            return painted
    look.found.append(f"first painted after {painted:.0f} ms")
    return painted

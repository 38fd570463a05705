"""How the policy reaches the core: a long poll of the control plane.

``GET /internal/policy`` with ``If-None-Match`` and ``Prefer: wait`` (RFC 7240 §4.3) is answered at
once when there is a newer policy, else with 304 when the time is over. With the control plane away
the core goes on with what it has and asks again, ever more slowly.
"""

from __future__ import annotations

import asyncio
import logging
import random
from time import monotonic
from typing import Final
from urllib.parse import urlsplit

from gateway.core.app import Core
from gateway.core.http.answer import Answer
from gateway.core.http.body import UntilClose
from schemas.headers import GATEWAY_KEY
from schemas.policy import PATH

_log = logging.getLogger(__name__)
WAIT: Final = 30
"""Seconds that the control plane may hold a question."""
MOST_BYTES: Final = 256 * 1024 * 1024
_LEAST_APART: Final = 1.0
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0
_LONGEST_PAUSE_WITHOUT: Final = 0.5
"""With no policy in force nothing is served: ask often."""


class Feed:
    """Keeps ``core`` on the control plane's latest policy until cancelled.

    Args:
        control_url: ``http://host:port`` inside the city's network.
        keep: whether this worker writes the last good policy to disk.
    """

    def __init__(self, core: Core, control_url: str, *, keep: bool = True) -> None:
        url = urlsplit(control_url)
        if url.scheme != "http" or not url.hostname:
            raise ValueError(f"the control plane's URL must be http://host:port, not {control_url}")
        self._host = url.hostname
        self._port = url.port or 80
        self._core = core
        self._keep = keep
        self._etag = ""
        self._failing = False

    async def run(self) -> None:
        """Ask for ever. Logs when it breaks and when it works again, nothing between."""
        pause = _FIRST_PAUSE
        while True:
            asked = self._core.loop.time()
            try:
                changed = await self.once()
            except (OSError, ValueError, TimeoutError, EOFError) as error:
                self._core.telemetry.count("policy_failures")
                if not self._failing:
                    _log.warning("no new policy from the control plane: %s", error)
                self._failing = True
                await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - spreads load
                longest = _LONGEST_PAUSE if self._core.policy else _LONGEST_PAUSE_WITHOUT
                pause = min(pause * 2, longest)
            else:
                self._core.policy_heard = monotonic()
                if self._failing:
                    _log.info("the control plane answers again")
                self._failing = False
                pause = _FIRST_PAUSE
                if not changed and self._core.loop.time() - asked < _LEAST_APART:
                    await asyncio.sleep(_LEAST_APART)  # it does not hold questions

    async def once(self) -> bool:
        """One question and, if there is a newer policy, the change to it.

        Returns:
            Whether there was one.

        Raises:
            OSError, TimeoutError, EOFError: the control plane does not answer.
            ValueError: what it answered is no policy; the one in force stays.
        """
        # not `wait_for`, which in Python 3.11 may swallow the cancellation that ends this task
        async with asyncio.timeout(WAIT + 10):
            answer, text = await self._ask()
        if answer.status == 304:
            return False
        if answer.status != 200:
            raise ValueError(f"it answered {answer.status}")
        etag = _etag(answer)
        if self._core.policy is not None and etag.strip('"') == self._core.policy.revision:
            self._etag = etag  # the one from disk
            return False
        policy = await self._core.change(text)
        self._etag = etag or f'"{policy.revision}"'
        _log.info("policy %s is in force", policy.revision)
        if self._keep:
            await asyncio.to_thread(self._core.keep, text)
        return True

    async def _ask(self) -> tuple[Answer, bytes]:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(self._host, self._port, limit=65_536)
        try:
            writer.write(self._question())
            head = await reader.readuntil(b"\r\n\r\n")
            answer = Answer(head[:-4])
            return answer, await _content(reader, answer)
        finally:
            writer.close()

    def _question(self) -> bytes:
        # with nothing in force yet there is nothing to wait for
        known = f"if-none-match: {self._etag}\r\nprefer: wait={WAIT}\r\n" if self._etag else ""
        return (
            f"GET {PATH} HTTP/1.1\r\nhost: {self._host}:{self._port}\r\n{known}"
            f"{GATEWAY_KEY}: {self._core.gateway_key.decode()}\r\n"
            "accept: application/json\r\nconnection: close\r\n\r\n"
        ).encode()


async def _content(reader: asyncio.StreamReader, answer: Answer) -> bytes:
    body = answer.body(b"GET")
    pieces: list[bytes] = []
    size = 0
    while not body.done:
        data = await reader.read(65_536)
        if not data:
            if isinstance(body, UntilClose):
                break
            raise EOFError("the answer ended early")
        content, _ = body.feed(data)
        pieces.append(content)
        size += len(content)
        if size > MOST_BYTES:
            raise ValueError("the policy is too long")
    return b"".join(pieces)


def _etag(answer: Answer) -> str:
    for line in answer.lines:
        name, _, value = line.partition(b":")
        if name.lower() == b"etag":
            return str(value.strip(), "latin-1").removeprefix("W/")
    return ""

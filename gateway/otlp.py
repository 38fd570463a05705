"""Spans out: OTLP over HTTP, in JSON, in the background.

https://opentelemetry.io/docs/specs/otlp/#otlphttp and its JSON encoding: ids in hexadecimal, 64-bit
numbers as text. Attributes are those of the semantic conventions for HTTP. Nothing waits for the
collector; what it does not take in time is dropped, and counted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from time import monotonic, time
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import orjson

from gateway.core.telemetry.spans import Span, Spans
from gateway.core.telemetry.telemetry import Telemetry

_log = logging.getLogger(__name__)
PATH: Final = "/v1/traces"
EVERY: Final = 1.0
"""Seconds between looks at what waits."""
BATCH: Final = 64
"""Requests whose spans go out together: few, as writing them holds the loop."""
TIMEOUT: Final = 5.0
LAST: Final = 2.0
"""Seconds for what still waits when the worker ends."""
_SERVER, _CLIENT, _ERROR = 2, 3, 2
_AGAIN: Final = frozenset((429, 502, 503, 504))
"""Statuses after which a batch may be sent again (OTLP/HTTP, "Retryable Response Codes")."""


class Otlp:
    """Sends what waits in ``spans`` until cancelled.

    Args:
        url: the collector's, such as ``http://collector:4318``; :data:`PATH` is added.
        telemetry: where it is counted what became of them.
    """

    def __init__(self, spans: Spans, url: str, telemetry: Telemetry) -> None:
        self._spans = spans
        self._url = url.rstrip("/") + PATH
        self._telemetry = telemetry
        self._http = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)
        self._failing = False

    async def run(self) -> None:
        """Send for ever. Logs when it breaks and when it works again, nothing between."""
        try:
            while True:
                await asyncio.sleep(EVERY)
                await self.send()
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST):
                    await self.send()
            await self._http.aclose()

    async def send(self) -> None:
        """All that waits, as long as it is taken; what is not taken now waits for the next time."""
        spans = self._spans
        while spans.waiting:
            batch, spans.waiting = spans.waiting[:BATCH], spans.waiting[BATCH:]
            try:
                taken = await self._post(batch)
            except httpx.HTTPError as error:
                self._fails(str(error) or type(error).__name__)
                spans.put_back(batch)
                return
            self._telemetry.count("spans_sent", taken)
            spans.dropped += len(batch) - taken
            if self._failing and taken:
                _log.info("spans are taken again")
                self._failing = False

    async def _post(self, batch: list[Span]) -> int:
        """How many of ``batch`` were taken.

        Raises:
            httpx.HTTPError: none, but they may be later.
        """
        headers = {"content-type": "application/json"}
        answer = await self._http.post(self._url, content=encode(batch), headers=headers)
        if answer.status_code in _AGAIN:
            answer.raise_for_status()
        if not answer.is_success:
            self._fails(f"{self._url} answered {answer.status_code}")
        return len(batch) if answer.is_success else 0

    def _fails(self, why: str) -> None:
        if not self._failing:
            _log.warning("spans are not taken: %s", why)
        self._failing = True


def encode(batch: Iterable[Span]) -> bytes:
    """An ``ExportTraceServiceRequest`` in JSON."""
    ahead = time() - monotonic()
    found = [
        part for span in batch for part in (_served(span, ahead), _called(span, ahead)) if part
    ]
    resource = {"attributes": _attributes({"service.name": "supercity-gateway"})}
    scope = {"scope": {"name": "supercity.gateway"}, "spans": found}
    return orjson.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]})


def _served(span: Span, ahead: float) -> dict[str, Any]:
    """The gateway's own span."""
    city = urlsplit(span.issuer)
    said = {
        "http.route": span.route,
        "url.scheme": city.scheme,
        "server.address": city.hostname or "",
        "supercity.operation": span.operation,
        "supercity.client_class": span.kind,
    }
    return {
        "traceId": span.trace,
        "spanId": span.id,
        **({"parentSpanId": span.parent} if span.parent else {}),
        "name": f"{span.method} {span.route}".strip(),
        "kind": _SERVER,
        **_outcome(span, span.began + ahead, ahead, said, least=500),
    }


def _called(span: Span, ahead: float) -> dict[str, Any] | None:
    """That of the call upstream, if there was one; of several tries the last."""
    if not span.call:
        return None
    host, port = span.address
    said: dict[str, str | int] = {
        "server.address": host, "server.port": port, "http.request.resend_count": span.tried,
    }  # fmt: skip
    return {
        "traceId": span.trace,
        "spanId": span.call,
        "parentSpanId": span.id,
        "name": span.method,
        "kind": _CLIENT,
        **_outcome(span, span.called + ahead, ahead, said, least=400),
    }


def _outcome(
    span: Span, began: float, ahead: float, said: Mapping[str, str | int], least: int
) -> dict[str, Any]:
    """Times, attributes, and whether it failed: with a status of ``least`` or more, or none."""
    failed = not span.status or span.status >= least
    told = {
        "http.request.method": span.method,
        "http.response.status_code": span.status,
        **said,
        **({"error.type": str(span.status or "cut")} if failed else {}),
    }
    return {
        "startTimeUnixNano": str(int(began * 1e9)),
        "endTimeUnixNano": str(int((span.ended + ahead) * 1e9)),
        "attributes": _attributes(told),
        **({"status": {"code": _ERROR}} if failed else {}),
    }


def _attributes(said: Mapping[str, str | int]) -> list[dict[str, Any]]:
    """A ``KeyValue`` for each that is known, which neither ``""`` nor 0 is."""
    return [{"key": key, "value": _value(value)} for key, value in said.items() if value]


def _value(value: str | int) -> dict[str, str]:
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}

"""What workers count reaches the control plane, once each, whatever happens."""

from __future__ import annotations

from asyncio import StreamReader, StreamWriter
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway import usage as shipping
from gateway.core.telemetry.usage import Usage
from gateway.inside import ControlPlane
from gateway.usage import UsageShipper
from tests.gateway.core.city import Api, api, read_request

MINUTE = 1_795_500_000


@dataclass
class Ledger:
    """The control plane, as far as a worker knows it."""

    reports: list[dict[str, Any]] = field(default_factory=list)
    held: Counter[str] = field(default_factory=Counter)
    down: bool = False
    forgetful: int = 0
    """Answers that get lost."""

    async def answer(self, behind: Api, reader: StreamReader, writer: StreamWriter) -> None:
        head = await read_request(behind, reader)
        assert head.startswith(b"POST /internal/usage ")
        assert behind.head("x-city-gateway-key") == "key"
        if self.down:
            writer.write(b"HTTP/1.1 503 X\r\ncontent-length: 2\r\n\r\n{}")
            return
        said = orjson.loads(behind.bodies[-1])
        if said["sequence"] > self.held[said["worker"]]:
            assert said["sequence"] == self.held[said["worker"]] + 1
            self.held[said["worker"]] = said["sequence"]
            self.reports.append(said)
        if self.forgetful:
            self.forgetful -= 1
            writer.transport.abort()
            return
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    def by_minute(self) -> Counter[int]:
        found: Counter[int] = Counter()
        for report in self.reports:
            found[report["minute"]] += sum(sum(use["statuses"]) for use in report["uses"])
        return found


class Clock:
    now = float(MINUTE)

    def __call__(self) -> float:
        return self.now


def shipper_of(usage: Usage, control: Api, clock: Clock) -> UsageShipper:
    plane = ControlPlane(f"http://127.0.0.1:{control.port}", b"key")
    return UsageShipper(usage, plane, now=clock)


async def test_counts_survive_a_control_plane_that_is_away_and_answers_that_get_lost() -> None:
    ledger, usage, clock = Ledger(down=True), Usage(100), Clock()
    async with api(ledger.answer) as control:
        shipper = shipper_of(usage, control, clock)
        for minute in range(3):
            clock.now = MINUTE + 60 * minute + 7
            for _ in range(minute + 1):
                usage.note("app", "route", 200, 1, "")
            assert not await shipper.once()
        ledger.down, ledger.forgetful = False, 2
        assert not await shipper.once()
        assert not await shipper.once()
        assert await shipper.once()
        assert await shipper.once()  # with nothing to tell
    assert ledger.by_minute() == {MINUTE: 1, MINUTE + 60: 2, MINUTE + 120: 3}


async def test_many_pairs_go_in_several_reports() -> None:
    ledger, usage = Ledger(), Usage(10_000)
    for number in range(1_100):
        usage.note(f"client-{number}", "route", 200, 1, "")
    async with api(ledger.answer) as control:
        assert await shipper_of(usage, control, Clock()).once()
    assert [len(report["uses"]) for report in ledger.reports] == [500, 500, 100]


async def test_what_is_kept_is_bounded_and_still_adds_up(monkeypatch: Any) -> None:
    monkeypatch.setattr(shipping, "MINUTES", 3)
    monkeypatch.setattr(shipping, "PAIRS", 5)
    ledger, usage, clock = Ledger(down=True), Usage(100), Clock()
    async with api(ledger.answer) as control:
        shipper = shipper_of(usage, control, clock)
        for minute in range(8):
            clock.now = MINUTE + 60.0 * minute
            usage.note("app", "one", 200, 1, "")
            usage.note("app", f"route-{minute}", 200, 1, "")
            await shipper.once()
        ledger.down = False
        assert await shipper.once()
    assert sum(ledger.by_minute().values()) == 16
    assert len(ledger.by_minute()) == 3
    assert sum(len(report["uses"]) for report in ledger.reports) <= 8

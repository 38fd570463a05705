"""Each message applied once, in its own order; drills apart from real alerts for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.disaster.connector import DisasterConnector
from connectors.disaster.sample import alert as sample_alert
from schemas.disaster import AlertChanged, DrillChanged
from tests.connectors.disaster.documents import cap, quake, sent, tsunami, weather
from tests.connectors.harness import Running, running

URL = "/disaster/v1/alerts"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)  # 13:00 in Japan

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def run(tmp_path: Path, clock: Clock) -> AsyncIterator[Running]:
    async with running(DisasterConnector, tmp_path, clock=clock) as found:
        yield found


async def post(run: Running, raw: bytes, status: int = 201) -> dict[str, Any]:
    answer = await run.api.post(URL, content=raw)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(run: Running, **params: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await run.api.get(URL, params=params)).json()["items"]
    return items


async def said(run: Running) -> list[str]:
    """The types of all events, shortened, once the outbox has said everything."""
    async with asyncio.timeout(10):
        while (await run.connector.publisher.outbox.waiting())[0]:
            await asyncio.sleep(0.01)
    once = {e["id"]: e["type"] for e in run.said.events()}
    return [type_.removeprefix("city.disaster.") for type_ in once.values()]


async def test_an_alert_is_stored_served_and_said(run: Running) -> None:
    posted = await post(run, cap())
    assert await listed(run) == [posted]
    assert (await run.api.get(f"{URL}/{posted['id']}")).json() == posted
    assert (await run.api.get(f"{URL}/{posted['id'].rpartition(':')[2]}")).json() == posted
    assert await said(run) == ["alert.issued"]
    (event,) = run.said.events()
    assert event["subject"] == event["data"]["id"] == posted["id"]
    assert event["data"]["areas"][0]["geometry"]["type"] == "Polygon"
    await run.said.until(lambda heard: posted["id"] in heard.entities())
    assert run.said.entities()[posted["id"]]["location"]["type"] == "GeoProperty"


async def test_the_same_document_again_says_nothing_again(run: Running) -> None:
    first = await post(run, cap())
    again = await post(run, cap().replace(b'"UTF-8"', b"'UTF-8'"), status=200)
    assert again == first
    await post(run, cap("another"))
    assert await said(run) == ["alert.issued", "alert.issued"]


async def test_another_document_under_the_same_name_is_a_conflict(run: Running) -> None:
    await post(run, cap())
    refused = await run.api.post(URL, content=cap(headline="別の内容"))
    assert refused.status_code == 409
    assert [item["headline"] for item in await listed(run)] == ["避難"]


async def test_an_update_replaces_and_a_cancellation_withdraws(run: Running) -> None:
    first = await post(run, cap("a1"))
    update = cap("a2", minute=5, kind="Update", refers=(("a1", 0),), severity="Extreme")
    second = await post(run, update)
    assert (second["id"], second["severity"]) == (first["id"], "extreme")
    assert second["replaced"] == ["a1"]
    over = cap("a3", minute=9, kind="Cancel", refers=(("a2", 5),), info=False)
    third = await post(run, over)
    assert (third["state"], third["severity"], third["identifier"]) == (
        "cancelled",
        "extreme",
        "a3",
    )
    assert await listed(run) == []
    assert len(await listed(run, state="cancelled")) == 1
    assert await said(run) == ["alert.issued", "alert.updated", "alert.cancelled"]
    assert run.said.entities()[first["id"]]["state"]["value"] == "cancelled"


CHAIN = (
    cap("a1"),
    cap("a2", minute=5, kind="Update", refers=(("a1", 0),), headline="更新"),
    cap("a3", minute=9, kind="Cancel", refers=(("a1", 0), ("a2", 5)), info=False),
)


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_cancelled_alert_stays_cancelled_in_whatever_order_messages_come(
    run: Running, order: tuple[int, ...]
) -> None:
    for i in order:
        await post(run, CHAIN[i])
    assert await listed(run) == []
    (cancelled,) = await listed(run, state="all")
    assert cancelled["identifier"] == "a3"
    for i in order:
        await post(run, CHAIN[i], status=200)
    assert (await said(run))[-1] == "alert.cancelled"


async def test_an_alert_that_arrives_after_its_update_does_not_undo_it(run: Running) -> None:
    await post(run, CHAIN[1])
    late = await post(run, CHAIN[0])
    assert late["headline"] == "更新"
    assert await said(run) == ["alert.issued"]


async def test_an_update_of_two_alerts_withdraws_the_second(run: Running) -> None:
    one, other = await post(run, cap("a1")), await post(run, cap("b1", minute=1))
    both = await post(run, cap("c1", minute=5, kind="Update", refers=(("a1", 0), ("b1", 1))))
    assert both["id"] == one["id"]
    assert [item["id"] for item in await listed(run)] == [one["id"]]
    assert (await run.api.get(f"{URL}/{other['id']}")).json()["state"] == "cancelled"
    assert (await said(run))[2:] == ["alert.updated", "alert.cancelled"]


# --- JMA


async def test_a_correction_replaces_and_a_withdrawal_withdraws(run: Running) -> None:
    first = await post(run, quake("5-"))
    corrected = await post(run, quake("4", kind="訂正", minute=2))
    assert (corrected["id"], corrected["severity"]) == (first["id"], "moderate")
    gone = await post(run, quake(kind="取消", minute=3, text="取り消します。"))
    assert (gone["id"], gone["state"], gone["severity"]) == (first["id"], "cancelled", "moderate")
    assert await said(run) == ["alert.issued", "alert.updated", "alert.cancelled"]


async def test_telegrams_are_taken_in_the_order_of_their_reports(run: Running) -> None:
    await post(run, quake("5-", serial="2", minute=4))
    await post(run, quake("3", serial="1", minute=1))
    assert [item["severity"] for item in await listed(run)] == ["severe"]


async def test_a_warning_ends_when_it_is_lifted_and_may_come_again(run: Running) -> None:
    first = await post(run, weather(("大雨警報", "発表")))
    await post(run, weather(("大雨警報", "解除"), minute=5))
    assert await listed(run) == []
    again = await post(run, weather(("大雨警報", "発表"), minute=9))
    assert again["id"] == first["id"]
    assert await said(run) == ["alert.issued", "alert.cancelled", "alert.issued"]


async def test_a_tsunami_and_its_quake_are_two_alerts(run: Running) -> None:
    await post(run, quake())
    await post(run, tsunami(("岩手県", "津波警報")))
    assert len(await listed(run)) == 2


# --- drills


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (cap("d1", status="Exercise"), "exercise"),
        (cap("d1", status="Test"), "test"),
        (cap("d1", status="System"), "system"),
        (cap("d1", status="Draft"), "draft"),
        (quake(status="訓練"), "exercise"),
        (tsunami(("岩手県", "大津波警報"), status="試験"), "test"),
    ],
)
async def test_a_drill_has_a_type_of_its_own_everywhere(
    run: Running, raw: bytes, status: str
) -> None:
    posted = await post(run, raw)
    assert (posted["type"], posted["status"]) == ("DrillAlert", status)
    assert await listed(run) == []
    assert await listed(run, status=status) == await listed(run, status="drill") == [posted]
    assert await said(run) == ["drill.issued"]
    await run.said.until(lambda heard: heard.entities())
    assert [e["type"] for e in run.said.entities().values()] == ["DrillAlert"]


async def test_a_drill_never_touches_a_real_alert(run: Running) -> None:
    real = await post(run, cap("a1"))
    telegram = await post(run, quake())
    await post(run, cap("a2", minute=5, kind="Cancel", refers=(("a1", 0),), status="Exercise"))
    await post(run, quake(kind="取消", minute=5, status="訓練"))
    await post(run, cap("a1", status="Test"))  # the very name of the real one
    assert await listed(run) == [telegram, real] or await listed(run) == [real, telegram]
    types = await said(run)
    assert [t for t in types if t.startswith("alert")] == ["alert.issued", "alert.issued"]


def test_neither_event_can_carry_the_other_s_status() -> None:
    fields = {
        "id": "urn:ngsi-ld:Alert:x", "sender": "s", "identifier": "i", "sent": sent(0),
        "alertSource": "CAP 1.2", "category": "met", "event": "e", "severity": "severe",
        "urgency": "immediate", "certainty": "likely",
    }  # fmt: skip
    AlertChanged.model_validate({**fields, "status": "actual"})
    DrillChanged.model_validate({**fields, "status": "exercise"})
    with pytest.raises(ValidationError):
        AlertChanged.model_validate({**fields, "status": "exercise"})
    with pytest.raises(ValidationError):
        DrillChanged.model_validate({**fields, "status": "actual"})


# --- time and durability


async def test_an_alert_expires(run: Running, clock: Clock) -> None:
    posted = await post(run, cap(expires="2026-06-01T13:30:00+09:00"))
    clock.now += timedelta(minutes=31)
    assert await listed(run) == []
    assert (await run.api.get(f"{URL}/{posted['id']}")).json()["state"] == "expired"
    assert len(await listed(run, state="expired")) == 1
    await run.said.until(
        lambda heard: (
            heard.entities().get(posted["id"], {}).get("state", {}).get("value") == "expired"
        )
    )


async def test_an_alert_without_an_end_counts_a_day_and_a_warning_until_lifted(
    run: Running, clock: Clock
) -> None:
    await post(run, cap())
    warning = await post(run, weather(("大雨警報", "発表")))
    clock.now += timedelta(hours=25)
    assert [item["id"] for item in await listed(run)] == [warning["id"]]


async def test_what_was_accepted_is_said_after_a_restart(tmp_path: Path, clock: Clock) -> None:
    async with running(DisasterConnector, tmp_path, clock=clock) as run:
        run.said.deaf = True
        posted = await post(run, cap())
    async with running(DisasterConnector, tmp_path, clock=clock) as run:
        assert await listed(run) == [posted]
        assert await said(run) == ["alert.issued"]
        await post(run, cap(), status=200)


async def test_a_refused_document_changes_nothing(run: Running) -> None:
    posted = await post(run, cap())
    for raw in (b"", b"<a/>", cap("b", severity="Bad"), cap("c").replace(b"</alert>", b"")):
        refused = await run.api.post(URL, content=raw)
        assert refused.status_code == 422
        assert refused.json()["errors"]
    too_large = await run.api.post(URL, content=b" " * (1024 * 1024 + 1))
    assert too_large.status_code == 413
    assert await listed(run) == [posted]


async def test_the_sample_alert_is_good_as_it_is(run: Running, clock: Clock) -> None:
    raw = (Path(__file__).parents[3] / "connectors/disaster/sample/alert.xml").read_bytes()
    posted = await post(run, raw)
    assert [text["language"] for text in posted["texts"]] == ["ja", "en"]
    assert posted["areas"][0]["names"]["en"] == "Kawazoi and Minami districts"
    fresh = await post(run, sample_alert(clock(), expires=timedelta(hours=1)))
    assert datetime.fromisoformat(fresh["expires"]) == clock() + timedelta(hours=1)


async def test_alerts_can_be_followed_as_a_feed(tmp_path: Path, clock: Clock) -> None:
    folder = tmp_path / "from-the-weather-office"
    folder.mkdir()
    (folder / "alerts.xml").write_bytes(cap())
    sources = {"alerts": str(folder)}
    async with running(DisasterConnector, tmp_path, sources=sources, clock=clock) as run:
        feed = run.connector.feeds["alerts"]
        await asyncio.wait_for(feed.loaded.wait(), 10)
        assert [item["identifier"] for item in await listed(run)] == ["a1"]
        (folder / "alerts.xml").write_bytes(CHAIN[1])
        await feed.refresh()
        assert [item["headline"] for item in await listed(run)] == ["更新"]
        (folder / "alerts.xml").write_bytes(b"<alert>")
        await feed.refresh()
        assert feed.status.problem
        assert [item["headline"] for item in await listed(run)] == ["更新"]
        assert await said(run) == ["alert.issued", "alert.updated"]


async def test_an_answer_is_remembered_only_until_something_changes(
    run: Running, clock: Clock
) -> None:
    assert isinstance(run.connector, DisasterConnector)
    assert await listed(run) == []
    recent = run.connector.alerts.recent
    assert recent.get(("actual", "active", 100, 0)) is not None
    await post(run, cap())
    assert recent.get(("actual", "active", 100, 0)) is None
    assert len(await listed(run)) == 1
    clock.now += timedelta(seconds=1)  # another process may have written meanwhile
    assert recent.get(("actual", "active", 100, 0)) is None


async def test_an_answer_read_before_a_change_is_not_kept_after_it(run: Running) -> None:
    assert isinstance(run.connector, DisasterConnector)
    recent = run.connector.alerts.recent
    began = recent.generation
    await post(run, cap())
    recent.keep("question", b"old", began)
    assert recent.get("question") is None


async def test_an_alert_too_long_to_be_passed_on_is_refused(run: Running) -> None:
    """Else it would wait in the outbox for ever, and everything after it."""
    long = cap(headline="避" * 200_000)
    refused = await run.api.post(URL, content=long)
    assert refused.status_code == 422
    assert "too long" in refused.json()["detail"]
    assert await listed(run, state="all") == []
    await post(run, cap())
    assert await said(run) == ["alert.issued"]

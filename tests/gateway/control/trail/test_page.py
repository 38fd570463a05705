"""A resident sees who looked, understands it, and objects in one press."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gateway.control.audit.event import AuditEvent
from gateway.control.pages.trail_texts import TRAIL_TEXTS
from gateway.control.trail import objections
from tests.gateway.control.audit.accesses import DAY, NOW, access, logged, send
from tests.gateway.control.city import City
from tests.gateway.control.trail.people import PATH, at_home, hanako, object_to


async def look(city: City, *changes: Mapping[str, object]) -> None:
    """Somebody looks at Hanako's data, so often."""
    subject = await hanako(city)
    pieces = [access(number, subject, **each) for number, each in enumerate(changes)]
    await send(city, *pieces)


async def test_a_stranger_is_sent_to_sign_in(small_city: City) -> None:
    async with small_city.browser() as browser:
        for answer in (await browser.get(PATH), await browser.post(PATH, data={})):
            assert (answer.status_code, answer.headers["location"]) == (303, "/my")


async def test_many_looks_are_one_line_in_words(city: City) -> None:
    await look(city, {}, {}, {}, {"client": "gone", "purpose": "care"}, {"status": 403})
    async with at_home(city) as browser:
        page = await browser.get(f"{PATH}?lang=en")
        assert f'<time datetime="{DAY}">' in page.text
        assert "Booking app looked at “appointments”." in page.text
        assert "Arranging transport to a medical appointment" in page.text
        assert "3 times, from 15:00 to 15:00" in page.text
        assert "gone looked at" in page.text
        assert "Booking app asked for “appointments” and did not get it." in page.text
        japanese = (await browser.get(PATH)).text
        assert "通院のための送迎の手配" in japanese
        assert "病院へ 行く 車を よぶ ため" in (await browser.get(f"{PATH}?lang=easy")).text
        assert PATH in (await browser.get("/my")).text


async def test_an_emergency_disclosure_is_marked_with_its_reason(small_city: City) -> None:
    subject = await hanako(small_city)
    detail = {
        "datasets": ["appointments", "visits"],
        "purpose": "vital-interest",
        "reason": "Flood, <b>level 5",
    }
    event = AuditEvent(NOW, "rescue", "data.disclose", "d1", subject, detail)
    async with small_city.control.store.write() as connection:
        await small_city.control.audit.append(connection, event)
    async with at_home(small_city) as browser:
        page = (await browser.get(f"{PATH}?lang=en")).text
    assert "Emergency disclosure: to protect life, rescue was given “appointments, visits”" in page
    assert "Flood, &lt;b&gt;level 5" in page


async def test_nobody_sees_the_trail_of_another(small_city: City) -> None:
    await send(small_city, access(0, "taro"))
    async with at_home(small_city) as browser:
        page = (await browser.get(f"{PATH}?lang=en")).text
    assert "Nobody has looked yet." in page


async def test_an_objection_is_answered_and_the_resident_sees_it(city: City) -> None:
    await look(city, {})
    operator = {"x-city-client": "operator-app"}
    async with at_home(city) as browser:
        done = await object_to(browser, "I have moved away")
        assert done.headers["location"] == f"{PATH}?done=objected"
        waiting = (await browser.get(done.headers["location"])).text
        assert "答えを待っています" in waiting
        assert 'name="reason"' not in waiting, "once is enough"
        (one,) = (await city.http.get("/control/v1/objections")).json()
        assert (one["reason"], one["client"], one["day"]) == ("I have moved away", "app", DAY)
        assert "subject" not in one
        path = f"/control/v1/objections/{one['id']}/answer"
        body = {"answer": "We have deleted it."}
        assert (await city.http.post(path, json=body, headers=operator)).status_code == 204
        assert (await city.http.post(path, json=body, headers=operator)).status_code == 404
        assert "We have deleted it." in (await browser.get(PATH)).text
        assert (await city.http.get("/control/v1/objections")).json() == []
        told = await city.http.get("/control/v1/objections?unanswered=false&dataset=appointments")
        assert [each["answer"] for each in told.json()] == ["We have deleted it."]
    answered, made, _ = await logged(city, subject=await hanako(city))
    assert (made["action"], made["client"]) == ("resident.object", "resident")
    assert (answered["action"], answered["client"]) == ("objection.answer", "operator-app")
    assert answered["target"] == made["target"] == one["id"]


async def test_only_a_line_that_is_there_can_be_objected_to_and_by_our_page(
    small_city: City,
) -> None:
    await look(small_city, {})
    async with at_home(small_city) as browser:
        assert (await object_to(browser, day="2020-01-01")).status_code == 400
        assert (await object_to(browser, csrf="stolen")).status_code == 403
        assert (await browser.post(PATH, content=b"%")).status_code == 400
    assert (await small_city.http.get("/control/v1/objections")).json() == []


async def test_open_objections_are_bounded_and_go_with_the_resident(
    small_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objections, "MOST_OPEN", 2)
    await look(small_city, {"client": "c0"}, {"client": "c1"}, {"client": "c2"})
    subject, control = await hanako(small_city), small_city.control
    async with at_home(small_city) as browser:
        places = [
            (await object_to(browser, client=f"c{number}")).headers["location"]
            for number in (0, 0, 1, 2)
        ]
    assert ["done" in place for place in places] == [True, False, True, False]
    async with control.store.write() as connection:
        await control.audit.forget(connection, subject, NOW)
    assert (await small_city.http.get("/control/v1/objections")).json() == []


@pytest.mark.parametrize("language", ["en", "easy"])
def test_no_language_lacks_a_line(language: str) -> None:
    assert TRAIL_TEXTS[language].keys() == TRAIL_TEXTS["ja"].keys()

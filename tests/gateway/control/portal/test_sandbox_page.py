"""Who the synthetic residents are, and to whom their passwords are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.control import residents
from gateway.control.bootstrap_file import Bootstrap
from gateway.control.portal import quickstarts
from tests.gateway.control.city import BOOTSTRAP, PASSWORD, PUBLIC, City, running
from tests.gateway.control.portal.developers import developer

HANAKO = BOOTSTRAP["residents"][0]
MOMO: dict[str, Any] = {
    "username": "momo",
    "password": "momo-no-hana-42",
    "name": "桃",
    "synthetic": True,
    "story": {"ja": "学生です。", "en": "A student."},
}


@pytest.mark.parametrize("shown", [True, False])
async def test_passwords_are_for_developers_and_where_the_city_says_so(
    tmp_path: Path, shown: bool
) -> None:
    bootstrap = {"residents": [HANAKO, {**MOMO, "shown_password": shown}]}
    async with running(tmp_path, bootstrap=bootstrap) as city:
        async with city.browser() as anybody:
            page = await anybody.get("/developers/sandbox")
        async with developer(city) as dev:
            told = await dev.get("/developers/sandbox")
    assert "学生です。" in page.text
    assert MOMO["password"] not in page.text
    assert (MOMO["password"] in told.text) == shown
    for text in (page.text, told.text):
        assert "花子" not in text
        assert PASSWORD not in text


@pytest.mark.parametrize("wrong", [{"shown_password": True}, {"story": {"en": "Real."}}])
def test_nothing_of_a_real_resident_can_be_shown(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="synthetic"):
        Bootstrap.model_validate({"residents": [{**HANAKO, **wrong}]})


async def test_an_operator_makes_residents_of_both_kinds(small_city: City) -> None:
    async def create(**body: Any) -> int:
        answer = await small_city.http.post("/control/v1/residents", json=body)
        return answer.status_code

    url = "/control/v1/residents"
    made = await small_city.http.post(url, json={"username": "yuki", "links": {"medical": "p-1"}})
    assert (made.status_code, len(made.json()["code"])) == (201, 19)
    assert await create(username="yuki") == 409
    assert await create(username="mai", synthetic=True, password="mai-no-password") == 201
    # nobody but the person knows a real resident's password
    assert await create(username="rei", password="rei-no-password") == 422
    assert await create(username="rei", links={"disaster": "p-1"}) == 422
    async with small_city.control.store.read() as connection:
        found = {
            name: await residents.find_by_username(connection, name) for name in ("yuki", "mai")
        }
    assert {name: one and one.synthetic for name, one in found.items()} == {
        "yuki": False,
        "mai": True,
    }


async def test_quickstarts_are_of_this_city_and_have_no_secret(small_city: City) -> None:
    async with developer(small_city) as dev:
        made = await dev.create(**{"scope mobility:read": "", "scope medical:read": ""})
        page = await dev.get("/developers/quickstarts")
    assert f"export CLIENT_ID={made['client_id']}\n" in page.text
    assert made["client_secret"] not in page.text
    assert quickstarts.PLACE not in page.text
    assert f"curl -s {PUBLIC}/catalogue/v1/apis" in page.text.replace("&#34;", '"')


def test_there_is_a_program_in_each_language_for_each_topic() -> None:
    found = [one for topic in quickstarts.TOPICS for one in quickstarts.programs(topic, PUBLIC)]
    assert len({one.id for one in found}) == len(found) == 15
    assert all(one.source for one in found)

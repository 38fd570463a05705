"""What exists from the start, and stays as it is when it is read again."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from gateway.control import bootstrap
from gateway.control.bootstrap_file import Bootstrap, BootstrapError, read
from tests.gateway.control.city import BOOTSTRAP, City, authorize_url, running, sign_in

FULL: dict[str, Any] = {
    **BOOTSTRAP,
    "apis": [
        {"name": "mobility", "document_url": "http://connectors:8003/mobility/v1/openapi.json"}
    ],
}


async def again(city: City, changes: dict[str, Any]) -> None:
    wanted = Bootstrap.model_validate({**FULL, **changes})
    await bootstrap.apply(city.control, wanted)
    await city.control.publisher.refresh()


async def test_reading_it_twice_changes_nothing(city: City) -> None:
    await again(city, {})
    before = await city.policy()
    await again(city, {})
    assert await city.policy() == before
    listed = (await city.http.get("/control/v1/apis")).json()
    assert [(api["name"], api["internal"]) for api in listed] == [("mobility", True)]


async def test_an_api_of_the_city_may_be_at_several_addresses(city: City) -> None:
    url = "http://connectors:8003/mobility/v1/openapi.json"
    api = {"name": "mobility", "document_url": url}
    await again(city, {"apis": [{**api, "upstream": ["http://a:8003", "http://b:8003"]}]})
    listed = (await city.http.get("/control/v1/apis")).json()
    assert listed[0]["upstreams"] == ["http://a:8003", "http://b:8003"]
    await again(city, {"apis": [api]})
    listed = (await city.http.get("/control/v1/apis")).json()
    assert listed[0]["upstreams"] == ["http://connectors:8003"]


async def test_what_the_file_says_now_is_what_is(city: City) -> None:
    clients = copy.deepcopy(BOOTSTRAP["clients"])
    clients[0]["scopes"] = ["education:read"]
    await again(city, {"clients": clients})
    assert (await city.token()).json()["scope"] == "education:read"


async def test_a_suspended_client_stays_suspended(city: City) -> None:
    await city.http.post("/control/v1/clients/machine/suspend")
    await again(city, {})
    assert (await city.token()).status_code == 401


async def test_a_residents_password_is_not_set_back(small_city: City) -> None:
    residents = [{"username": "hanako", "password": "another-password"}]
    await again(small_city, {"residents": residents})
    async with small_city.browser() as browser:
        assert (await sign_in(browser, authorize_url(), "another-password")).status_code == 403
        assert (await sign_in(browser, authorize_url())).status_code == 303


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ("{", "/"),
        ('{"client": []}', "/client"),
        ('{"clients": [{"client_id": "a", "client_secret": "short"}]}', "client_secret"),
        ('{"residents": [{"username": "a", "password": "short"}]}', "password"),
        ('{"apis": [{"name": "a"}]}', "/apis/0/document_url"),
    ],
)
def test_a_wrong_file_says_where_and_tells_no_secret(
    tmp_path: Path, content: str, where: str
) -> None:
    path = tmp_path / "bootstrap.json"
    path.write_text(content)
    with pytest.raises(BootstrapError) as raised:
        read(path)
    assert where in str(raised.value)
    assert "short" not in str(raised.value).replace("too_short", "")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BootstrapError, match=r"nowhere\.json"):
        read(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    "content",
    [
        {"clients": [{"client_id": "a", "client_secret": "s" * 20, "scopes": ["bad"]}]},
        {"clients": [{"client_id": "a", "grant_types": ["authorization_code"]}]},
        {"clients": [{"client_id": "a"}]},
        {"apis": [{"name": "Bad", "document_url": "http://a/openapi.json"}]},
        {"apis": [{"name": "ok", "document_url": "https://a/openapi.json"}]},
    ],
)
async def test_what_could_not_be_registered_is_not_bootstrapped(
    tmp_path: Path, content: dict[str, Any]
) -> None:
    with pytest.raises(BootstrapError):
        async with running(tmp_path, bootstrap=content):
            pass

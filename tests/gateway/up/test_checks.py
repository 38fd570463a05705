"""What a new city asks of itself: the console's first operator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.settings import Settings
from gateway.up import plan
from gateway.up.checks import City
from gateway.up.papers import Papers
from gateway.up.screen import guide

LINK = "http://city/staff/enrol?invitation=secret"


class Gateway:
    """Answers as the open API does, with these staff."""

    def __init__(self, *staff: dict[str, Any]) -> None:
        self.staff = staff
        self.posted: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "t"})
        if request.method == "GET":
            return httpx.Response(200, json=list(self.staff))
        self.posted.append(request.url.path)
        return httpx.Response(201, json={"invitation": LINK})


async def first_operator(folder: Path, gateway: Any) -> str:
    papers = Papers.keep(folder)
    drawn = plan.draw(Settings.from_environ({"SUPERCITY_DATA_DIR": str(folder)}), papers)
    http = httpx.AsyncClient(transport=httpx.MockTransport(gateway), base_url="http://city")
    async with http:
        return await City(http, drawn, papers).first_operator()


def member(username: str, *, enrolled: bool) -> dict[str, Any]:
    return {"username": username, "staffId": f"s-{username}", "enrolled": enrolled}


@pytest.mark.parametrize(
    ("staff", "posted"),
    [
        ([], ["/control/v1/staff"]),
        ([member("operator", enrolled=False)], ["/control/v1/staff/s-operator/invitation"]),
    ],
)
async def test_a_city_without_an_operator_invites_one_until_somebody_comes(
    tmp_path: Path, staff: list[dict[str, Any]], posted: list[str]
) -> None:
    gateway = Gateway(*staff)
    assert await first_operator(tmp_path, gateway) == LINK
    assert gateway.posted == posted


async def test_a_city_that_has_one_invites_nobody(tmp_path: Path) -> None:
    gateway = Gateway(member("sato", enrolled=True))
    assert await first_operator(tmp_path, gateway) == ""
    assert not gateway.posted


async def test_a_city_comes_up_where_nobody_can_be_invited(tmp_path: Path) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    assert await first_operator(tmp_path, away) == ""


def test_the_guide_names_the_pages_for_people(tmp_path: Path) -> None:
    papers = Papers.keep(tmp_path)
    drawn = plan.draw(Settings.from_environ({"SUPERCITY_DATA_DIR": str(tmp_path)}), papers)
    said = guide(drawn, papers, "S01", LINK)
    for path in ("/developers", "/my", "/console"):
        assert f"{drawn.gateway_url}{path}\n" in said
    assert LINK in said
    assert "first operator" not in guide(drawn, papers, "S01")

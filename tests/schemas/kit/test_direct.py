from __future__ import annotations

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Header, Request, Response
from fastapi.routing import APIRoute

from schemas.kit.app import create_app
from schemas.kit.direct import DirectRoute, call_directly
from schemas.problem import NotFound
from schemas.xcity import ApiInfo, operation

KEY = "k" * 32
PREFIX = "/things/v1"
READ = operation("things:read")

direct = APIRouter(route_class=DirectRoute)
usual = APIRouter()


@direct.get("/things/{thing}/parts/{part}", openapi_extra=READ)
async def get_part(request: Request) -> Response:
    assert "route" not in request.scope  # FastAPI has not looked for it
    return Response("/".join(request.path_params.values()))


@direct.get("/things/{thing}", openapi_extra=READ)
async def get_thing(request: Request) -> Response:
    if request.path_params["thing"] == "none":
        raise NotFound("There is no such thing.")
    if request.path_params["thing"] == "bug":
        raise LookupError
    return Response(request.path_params["thing"])


@direct.put("/things/{thing}", openapi_extra=READ)
async def put_thing(request: Request, accept: Annotated[str, Header()]) -> Response:
    return Response(f"put, {accept}")


@usual.delete("/things/{thing}", openapi_extra=READ)
async def delete_thing(thing: str) -> str:
    return f"deleted {thing}"


@pytest.fixture
def api() -> httpx.AsyncClient:
    info = ApiInfo(domain="things", title_ja="もの", datasets=())
    routers = (direct, usual)
    app = create_app(
        info, title="Things", description="", prefix=PREFIX, routers=routers, gateway_key=KEY
    )
    call_directly(app, {PREFIX: routers})
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"x-city-gateway-key": KEY, "accept": "*/*"}
    return httpx.AsyncClient(
        transport=transport, base_url=f"http://things{PREFIX}", headers=headers
    )


async def test_an_operation_that_takes_the_request_alone_is_called_directly(
    api: httpx.AsyncClient,
) -> None:
    assert (await api.get("/things/a/parts/b")).text == "a/b"
    assert (await api.get("/things/a")).text == "a"


async def test_others_of_the_same_path_are_called_as_ever(api: httpx.AsyncClient) -> None:
    assert (await api.put("/things/a")).text == "put, */*"
    assert (await api.delete("/things/a")).json() == "deleted a"


async def test_what_is_raised_is_refused_as_ever(api: httpx.AsyncClient) -> None:
    none = await api.get("/things/none")
    assert (none.status_code, none.headers["content-type"]) == (404, "application/problem+json")
    bug = await api.get("/things/bug")
    assert (bug.status_code, bug.headers["content-type"]) == (500, "application/problem+json")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/things", 404),
        ("GET", "/things/", 404),
        ("GET", "/other", 404),
        ("GET", "/things/a/parts", 404),
        ("PATCH", "/things/a", 405),
    ],
)
async def test_what_is_not_there_is_refused_as_ever(
    api: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    assert (await api.request(method, path)).status_code == status


async def test_who_may_not_come_in_reaches_none(api: httpx.AsyncClient) -> None:
    refused = await api.get("/things/a", headers={"x-city-gateway-key": "other"})
    assert refused.status_code == 403


async def test_it_is_documented_like_any_other(api: httpx.AsyncClient) -> None:
    paths = (await api.get("/openapi.json")).json()["paths"]
    assert {"get", "put", "delete"} == set(paths[f"{PREFIX}/things/{{thing}}"])


async def test_every_operation_of_the_broker_names_its_path_parameters() -> None:
    """Direct ones have to say so themselves."""
    from services.broker.app import ROUTERS

    for prefix, routers in ROUTERS.items():
        for router in routers:
            for route in router.routes:
                if isinstance(route, DirectRoute) and route.direct:
                    said = (route.openapi_extra or {}).get("parameters", [])
                    named = {p["name"] for p in said if p["in"] == "path"}
                    assert named == set(route.param_convertors), (prefix, route.path)
                assert isinstance(route, APIRoute)

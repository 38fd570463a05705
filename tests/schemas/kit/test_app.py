from __future__ import annotations

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Query
from pydantic import BaseModel

from schemas.kit.app import create_app
from schemas.kit.caller import CallerDep
from schemas.problem import Fault, NotFound
from schemas.xcity import ApiInfo, operation

router = APIRouter()


class Order(BaseModel):
    count: int


@router.get("/who", openapi_extra=operation("toys:read"))
async def who(caller: CallerDep) -> dict[str, str]:
    return {"client": caller.client, "subject": caller.subject}


@router.get("/toys", openapi_extra=operation("toys:read"))
async def toys(limit: Annotated[int, Query(le=10)] = 1) -> int:
    return limit


@router.post("/orders", openapi_extra=operation("toys:write", rate=(5, 60)))
async def order(body: Order) -> Order:
    return body


@router.get("/lost", openapi_extra=operation("toys:read"))
async def lost() -> None:
    raise NotFound("No such toy.", faults=[Fault("path toy", "is not in the box")])


@router.get("/broken", openapi_extra=operation("toys:read"))
async def broken() -> None:
    raise RuntimeError("the spring is out")


def client(key: str = "") -> httpx.AsyncClient:
    app = create_app(
        ApiInfo(domain="toys"),
        title="Toys",
        description="",
        prefix="/toys/v1",
        routers=[router],
        gateway_key=key,
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://toys")


async def test_the_caller_comes_from_the_gateways_headers() -> None:
    async with client() as api:
        answer = await api.get(
            "/toys/v1/who", headers={"x-city-client": "a", "x-city-subject": "b"}
        )
    assert answer.json() == {"client": "a", "subject": "b"}


async def test_without_the_gateways_key_nothing_but_probes_and_document_is_served() -> None:
    async with client("secret") as api:
        refused = await api.get("/toys/v1/toys")
        wrong = await api.get("/toys/v1/toys", headers={"x-city-gateway-key": "secreT"})
        served = await api.get("/toys/v1/toys", headers={"x-city-gateway-key": "secret"})
        probes = [(await api.get(path)).status_code for path in ("/healthz", "/readyz")]
        document = await api.get("/toys/v1/openapi.json")
    assert (refused.status_code, wrong.status_code, served.status_code) == (403, 403, 200)
    assert refused.headers["content-type"] == "application/problem+json"
    assert probes == [200, 200]
    assert document.status_code == 200


async def test_the_document_names_scopes_and_x_city() -> None:
    async with client() as api:
        document = (await api.get("/toys/v1/openapi.json")).json()
    post = document["paths"]["/toys/v1/orders"]["post"]
    assert post["security"] == [{"cityOAuth": ["toys:write"]}]
    assert post["x-city"] == {"access": "scoped", "rate": {"requests": 5, "seconds": 60}}
    assert document["x-city"] == {"domain": "toys"}
    assert set(document["components"]["securitySchemes"]) == {"cityOAuth"}


@pytest.mark.parametrize(
    ("send", "status", "where"),
    [
        ({"json": {"count": "many"}}, 422, "/count"),
        ({"json": {}}, 422, "/count"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400, None),
    ],
)
async def test_bad_bodies_are_refused_with_the_place(
    send: dict[str, object], status: int, where: str | None
) -> None:
    async with client() as api:
        answer = await api.post("/toys/v1/orders", **send)  # type: ignore[arg-type]
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    if where:
        assert answer.json()["errors"][0]["where"] == where


async def test_refusals_are_problem_details_and_failures_tell_nothing() -> None:
    async with client() as api:
        answers = [
            await api.get("/toys/v1/lost"),
            await api.get("/toys/v1/toys?limit=99"),
            await api.get("/toys/v1/nowhere"),
            await api.delete("/toys/v1/toys"),
            await api.get("/toys/v1/broken", headers={"x-request-id": "r1"}),
        ]
    assert [answer.status_code for answer in answers] == [404, 422, 404, 405, 500]
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert answers[1].json()["errors"][0]["where"] == "query limit"
    assert answers[3].headers["allow"] == "GET"
    assert "spring" not in answers[4].text
    assert answers[4].json()["instance"] == "urn:request:r1"

"""An answer says how long it holds, and a reader that has it already is told so."""

from __future__ import annotations

import httpx
from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from schemas.kit.app import create_app
from schemas.kit.cached import cached
from schemas.xcity import ApiInfo, operation

_OPEN = operation(access="open", cache=True)


def client(said: list[str]) -> httpx.AsyncClient:
    router = APIRouter()

    @router.get("/kept", openapi_extra=_OPEN)
    async def kept() -> Response:
        return cached(Response(said[0], headers={"x-own": "1"}), seconds=5, stale=9, on_error=60)

    @router.get("/plain", openapi_extra=_OPEN)
    async def plain() -> Response:
        return Response(said[0])

    @router.get("/stream", openapi_extra=_OPEN)
    async def stream() -> Response:
        return cached(StreamingResponse(iter(("a", "b"))), seconds=5)

    app = create_app(
        ApiInfo(domain="test"), title="Test", description="", prefix="/test/v1", routers=[router]
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test/test/v1")


async def test_an_answer_says_how_long_it_holds() -> None:
    async with client(["a"]) as http:
        answer = await http.get("/kept")
        plain = await http.get("/plain")
        stream = await http.get("/stream")
    assert answer.headers["cache-control"] == (
        "public, max-age=5, stale-while-revalidate=9, stale-if-error=60"
    )
    assert "etag" not in plain.headers
    assert "etag" not in stream.headers
    assert stream.headers["cache-control"] == "public, max-age=5"
    assert stream.text == "ab"


async def test_who_has_it_is_told_so() -> None:
    said = ["a"]
    async with client(said) as http:
        etag = (await http.get("/kept")).headers["etag"]
        for value in (etag, f"W/{etag}", f'"x", {etag}', "*"):
            answer = await http.get("/kept", headers={"if-none-match": value})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == etag
            assert "max-age=5" in answer.headers["cache-control"]
            assert "x-own" not in answer.headers
        said[0] = "b"
        answer = await http.get("/kept", headers={"if-none-match": etag})
        assert (answer.status_code, answer.text) == (200, "b")
        assert answer.headers["etag"] != etag


def test_an_operation_says_that_it_may_be_kept() -> None:
    assert _OPEN["x-city"]["cache"] == {}
    assert "cache" not in operation(access="open")["x-city"]

"""OPTIONS of everything, and questions that are forwarded only so often."""

from __future__ import annotations

import pytest

from tests.gateway.core.city import ROUTES, api, gateway, request, route, snapshot

WITH_OPTIONS = [*ROUTES, route("/open", "OPTIONS", access="open")]


@pytest.mark.parametrize("target", ["*", "http://city.example"])
async def test_the_server_as_a_whole_answers_itself(target: str) -> None:
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        raw = await city.open()
        raw.writer.write(request(target, method="OPTIONS") + request("/open"))
        found = await raw.reply()
        assert found.status == 204
        assert "PATCH" in found.fields["allow"]
        assert "content-length" not in found.fields
        assert (await raw.reply()).status == 200
        assert len(behind.heads) == 1
        assert city.core.telemetry.unrouted.rejected == {}


async def test_max_forwards_counts_down_to_an_answer_of_the_gateways() -> None:
    async with api() as behind, gateway(snapshot(behind.port, routes=WITH_OPTIONS)) as city:
        last = await city.get("/open", "", "Max-Forwards: 0", method="OPTIONS")
        assert (last.status, last.fields["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
        assert behind.heads == []
        await city.get("/open", "", "Max-Forwards: 7", method="OPTIONS")
        assert behind.head("max-forwards") == "6"
        await city.get("/open", method="OPTIONS")
        assert behind.head("max-forwards") is None
        wrong = await city.get("/open", "", "Max-Forwards: many", method="OPTIONS")
        assert wrong.status == 400


async def test_a_trace_goes_nowhere() -> None:
    """It would show an attacker's script what the gateway adds (RFC 9110 §9.3.8)."""
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        refused = await city.get("/open", method="TRACE")
        assert (refused.status, refused.fields["allow"]) == (405, "GET, HEAD, POST")
        assert behind.heads == []

"""What commands make of answers that only a whole city gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.cli import calling
from gateway.cli.operator import Operator
from tests.gateway.cli.shell import refusal, run

WORKER = {
    "worker": "w-1",
    "number": 0,
    "address": "10.0.0.1:8000",
    "revision": "r",
    "current": False,
    "uptime": 60,
    "underWay": 3,
    "connections": 5,
    "seen": 1,
    "draining": False,
    "drainAsked": True,
}
NUMBERS = {
    "requests": 12,
    "succeeded": 9,
    "clientErrors": 2,
    "serverErrors": 1,
    "cut": 0,
    "p50Ms": 3.5,
    "p95Ms": None,
}
USAGE = {
    "client": "maps",
    "step": "1h",
    "total": NUMBERS,
    "points": [],
    "operations": [{"operation": "mobility.listStops", **NUMBERS}],
    "errors": [],
    "quota": {"limit": 100, "used": 12, "resets": "2026-11-25T00:00:00+09:00"},
    "operationQuotas": [],
}
ANSWERS: dict[str, Any] = {
    "GET /control/v1/gateways": [{"gateway": "host:8000", "workers": [WORKER]}],
    "POST /control/v1/gateways/w-1/drain": WORKER,
    "GET /control/v1/clients/maps/usage": USAGE,
    "POST /control/v1/residents": {"code": "ABCD-EFGH", "expiresIn": 600},
}


@pytest.fixture(autouse=True)
def city(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        found = ANSWERS.get(f"{request.method} {request.url.path}")
        if found is None:
            return httpx.Response(200, text="<html>another server</html>")
        return httpx.Response(200, json=found)

    def operator() -> Operator:
        http = httpx.Client(transport=httpx.MockTransport(answer), base_url="http://city.example")
        return Operator(http, "", "", "token")

    monkeypatch.setattr(calling, "operator", operator)


def test_workers_are_listed_and_drained() -> None:
    line = run("gateways", "list").split()
    assert line[:4] == ["w-1", "host:8000", "draining", "older"]
    assert json.loads(run("gateways", "list", "--json"))[0]["workers"] == [WORKER]
    assert "w-1 drains" in run("gateways", "drain", "w-1")


def test_usage_is_a_table_with_its_total_and_its_quotas() -> None:
    heading, row, total, quota = run("clients", "usage", "maps").splitlines()
    assert heading.split()[:2] == ["operation", "requests"]
    assert row.split() == ["mobility.listStops", "12", "2", "1", "3.5", "-"]
    assert total.startswith("total")
    assert quota == "quota of all operations: 12 of 100"
    assert json.loads(run("clients", "usage", "maps", "--step", "1h", "--json")) == USAGE


def test_an_account_is_made_with_the_holders_names_of_its_owner() -> None:
    told = run("residents", "add", "test-1", "--synthetic", "--link", "medical=patient-9")
    assert told == "ABCD-EFGH\nGood once, for 10 minutes.\n"
    for odd in ("medical", "medical=", "=patient-9"):
        assert "write it like" in refusal("residents", "add", "test-1", "--link", odd)


def test_another_server_than_the_city_s_is_told() -> None:
    assert "SUPERCITY_GATEWAY_URL" in refusal("keys", "list")

"""A control plane that is reached without a gateway, and its operator's credentials."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from gateway.control.app import create_control
from tests.gateway.cli.shell import listen, served

SECRET = "operator-secret-operator"
SCOPES = [
    "operator:apis",
    "operator:clients",
    "operator:keys",
    "operator:emergency",
    "operator:cache",
    "operator:staff",
    "operator:residents",
    "audit:read",
]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a control plane that is reached without a gateway."""
    folder = tmp_path_factory.mktemp("city")
    bootstrap = folder / "bootstrap.json"
    operator = {"client_id": "operator", "client_secret": SECRET, "scopes": SCOPES}
    hana = {"username": "hana", "password": "sakura-no-hana"}
    bootstrap.write_text(json.dumps({"clients": [operator], "residents": [hana]}))
    listener, url = listen()
    app = create_control(
        public_url=url,
        store_url=f"sqlite+aiosqlite:///{folder}/store",
        master_key=b"m" * 32,
        gateway_key="",
        bootstrap=bootstrap,
        gateway_url=url,
        own_url=url,
    )
    with served(app, listener):
        yield url


@pytest.fixture(scope="module")
def parks() -> Iterator[str]:
    """The address of the document of an app that the platform has never seen."""
    app = FastAPI(title="Parks & Benches")
    security = {"security": [{"oauth": ["parks-benches:read"]}]}

    @app.get("/benches/{bench}", openapi_extra=security)
    async def bench(bench: str) -> str:
        return bench

    document = app.openapi()
    document["components"]["securitySchemes"] = {"oauth": {"type": "oauth2", "flows": {}}}
    listener, url = listen()
    with served(app, listener):
        yield f"{url}/openapi.json"


@pytest.fixture
def environment(city: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = {"client_id": "operator", "client_secret": SECRET}
    (tmp_path / "operator.json").write_text(json.dumps(credentials))
    monkeypatch.setenv("SUPERCITY_PUBLIC_URL", city)
    monkeypatch.setenv("SUPERCITY_DATA_DIR", str(tmp_path))

"""APIs of the city with data about residents, and apps that ask for it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from gateway.control.policy.compiler import CompiledApi, compile_api
from gateway.control.policy.territory import territory
from tests.gateway.control.city import (
    BOOTSTRAP,
    CALLBACK,
    SECRET,
    City,
    Network,
    authorize_url,
    csrf_of,
    form_of,
    query_of,
    running,
    sign_in,
)

FIELDS = [
    {"id": "time", "title": "Time", "titleJa": "日時", "paths": ["total", "entry.start"]},
    {"id": "place", "title": "Place", "titleJa": "場所", "paths": ["total", "entry.place"]},
    {"id": "reason", "title": "Reason", "titleJa": "理由", "paths": ["total", "entry.reason"]},
]


def document(domain: str, **datasets: Any) -> dict[str, Any]:
    """An API with one personal operation to read each data set, and one to write it."""
    schemes = {"city": {"type": "oauth2", "flows": {}}}
    paths: dict[str, Any] = {
        f"/{domain}/v1/residents/{{resident}}/{name}": {
            "parameters": [{"name": "resident", "in": "path"}],
            "get": _operation(f"get-{name}", f"{domain}:{name}", name),
            "post": _operation(f"post-{name}", f"{domain}:write-{name}", name),
        }
        for name in datasets
    }
    paths[f"/{domain}/v1/things"] = {
        "get": {"operationId": "things", "security": [{"city": [f"{domain}:read"]}]}
    }
    described = [
        {"id": name, "title": name, "titleJa": f"本人の{name}", "legalClass": "personal", **more}
        for name, more in datasets.items()
    ]
    return {
        "openapi": "3.1.0",
        "info": {"title": domain, "version": "1"},
        "components": {"securitySchemes": schemes},
        "x-city": {"domain": domain, "datasets": described},
        "paths": paths,
    }


def _operation(name: str, scope: str, dataset: str) -> dict[str, Any]:
    info = {"access": "personal", "dataset": dataset, "subject": "resident"}
    return {"operationId": name, "security": [{"city": [scope]}], "x-city": info}


DOCUMENTS = {
    "medical": document(
        "medical",
        appointments={"fields": FIELDS},
        records={"purposes": ["care", "service-provision"]},
    ),
    "mobility": document("mobility", rides={}),
    "payments": document("payments", payments={}),
    "education": document("education", enrolments={}),
}


def app(client_id: str, **more: Any) -> dict[str, Any]:
    scopes = [
        *("medical:appointments", "medical:write-appointments", "medical:records", "medical:read"),
        *("mobility:rides", "payments:payments", "education:enrolments"),
    ]
    return {
        "client_id": client_id,
        "client_secret": SECRET,
        "name": f"App {client_id}",
        "scopes": scopes,
        "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": [CALLBACK],
        **more,
    }


CLIENTS = [
    BOOTSTRAP["clients"][0],
    app("app", purposes=["service-provision", "transport-to-care"], organisation="Ride Inc."),
    app("sister", organisation="Ride Inc."),
    app("other"),
]


def compiled() -> list[CompiledApi]:
    return [
        compile_api(json.dumps(one).encode(), territory(name, internal=True))
        for name, one in DOCUMENTS.items()
    ]


@asynccontextmanager
async def caring_city(folder: Path, **options: Any) -> AsyncIterator[City]:
    """A control plane whose APIs have been read."""
    urls = {name: f"http://{name}:80/openapi.json" for name in DOCUMENTS}
    network = Network({url: DOCUMENTS[name] for name, url in urls.items()})
    apis = [{"name": name, "document_url": url} for name, url in urls.items()]
    bootstrap = {**BOOTSTRAP, "clients": CLIENTS, "apis": apis, **options.pop("bootstrap", {})}
    async with running(folder, network=network, bootstrap=bootstrap, **options) as city:
        async with asyncio.timeout(30):
            while len(city.control.publisher.current.apis) <= len(DOCUMENTS):
                await asyncio.sleep(0.01)
        yield city


def detail(dataset: str = "appointments", **more: Any) -> dict[str, Any]:
    return {"type": "city_data", "dataset": dataset, **more}


def ask(*details: dict[str, Any], scope: str = "medical:appointments", **more: str) -> str:
    """The address of an authorization request."""
    given = {"authorization_details": json.dumps(details)} if details else {}
    return authorize_url(scope=scope, **given, **more)


def boxes(page: httpx.Response) -> list[str]:
    """The names of what can be ticked."""
    return re.findall(r'type="checkbox" name="([^"]+)"', page.text)


async def give(
    city: City, url: str, *, only: list[str] | None = None, together: bool = True, **form: str
) -> httpx.Response:
    """Sign in, tick, allow; what the platform answers.

    Args:
        only: the boxes to tick; all when left out.
        together: whether a combination that is asked about is said yes to.
    """
    async with city.browser() as browser:
        await sign_in(browser, url)
        page = await browser.get(url)
        fields = form_of(page)
        for name in boxes(page):
            if only is not None and name not in only:
                del fields[name]
        answer = await browser.post(url, data={**fields, "decision": "allow", **form})
        if together and 'name="combination"' in answer.text:
            answer = await browser.post(url, data={**form_of(answer), "decision": "allow"})
    return answer


async def tokens(city: City, url: str, client_id: str = "app", **options: Any) -> dict[str, Any]:
    """What the app gets in the end."""
    answer = await give(city, url, **options)
    assert answer.status_code == 303, answer.text
    code = query_of(answer)["code"]
    redeemed = await city.redeem(code, client_id)
    assert redeemed.status_code == 200, redeemed.text
    found: dict[str, Any] = redeemed.json()
    return found


async def refresh(city: City, token: str, client_id: str = "app", **form: str) -> httpx.Response:
    data = {"grant_type": "refresh_token", "refresh_token": token, **form}
    return await city.http.post("/oauth/token", data=data, auth=(client_id, SECRET))


async def my_page(browser: httpx.AsyncClient) -> httpx.Response:
    """``/my``, signed in."""
    page = await browser.get("/my")
    if 'type="password"' in page.text:
        form = {"csrf": csrf_of(page), "username": "hanako", "password": "sakura-no-hana"}
        await browser.post("/my", data={**form, "decision": "sign-in"})
        page = await browser.get("/my")
    return page

"""The quickstarts, each run as it is printed on the page, with a sandbox application's keys."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_hex

import httpx
import pytest

from tests.journeys.browser import Browser
from tests.journeys.city import City
from tests.journeys.partner import REDIRECT
from tests.servers.node import node

SCOPES = ("medical:read", "medical:appointments", "events:read", "entities:read")
APP = {
    "name": "Quickstart",
    "itself": "yes",
    "sign-in": "yes",
    "redirect_uris": REDIRECT,
    "credentials": "client_secret_basic",
    **{f"scope {one}": "yes" for one in SCOPES},
}
KINDS = ("sh", "py", "mjs")
EXPECTED = {
    "open": "mobility",
    "token": "みらい市立総合病院",
    "events": "city.",
    "ngsi": "urn:ngsi-ld:Shelter:",
}
"""Topic → what is in the output of each of its programs."""


@pytest.fixture(scope="module")
def developer(city: City) -> Iterator[httpx.Client]:
    """The browser of somebody who has just joined."""
    with httpx.Client(base_url=city.url, timeout=15) as browser:
        form = {
            "name": "Mori",
            "username": f"mori-{token_hex(4)}",
            "password": "kaigan-dori-12-banchi",
        }
        assert _post(browser, "/developers/join", **form).is_redirect
        yield browser


@pytest.fixture(scope="module")
def keys(developer: httpx.Client) -> dict[str, str]:
    """The environment that the page asks for, as the page of the new application prints it."""
    page = _post(developer, "/developers/apps/new", **APP)
    assert page.status_code == 200, page.text
    found = re.findall(r"export (CLIENT_\w+)=(\S+?)(?:</code>)?\n", page.text + "\n")
    return {**os.environ, **{name: value.partition("<")[0] for name, value in found}}


@pytest.fixture(scope="module")
def programs(developer: httpx.Client, keys: dict[str, str]) -> dict[str, str]:
    """What the page prints: id of a program → its source."""
    page = developer.get("/developers/quickstarts").text
    found = re.findall(r'<pre id="(\w+-\w+)"[^>]*><code>(.*?)</code>', page, re.DOTALL)
    assert len(found) == 15
    assert keys["CLIENT_SECRET"] not in page
    return {name: html.unescape(source) for name, source in found}


def _post(browser: httpx.Client, path: str, **form: str) -> httpx.Response:
    page = browser.get(path)
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf, page.text
    return browser.post(path, data={"csrf": csrf[1], **form})


def _command(kind: str, source: str, folder: Path) -> list[str]:
    """How the page says that it is run."""
    if kind == "sh":
        return ["bash", "-c", source]
    program = folder / f"program.{kind}"
    program.write_text(source)
    return [sys.executable if kind == "py" else node(), str(program)]


@pytest.mark.parametrize("topic", EXPECTED)
def test_it_runs_as_printed(
    programs: dict[str, str], keys: dict[str, str], topic: str, tmp_path: Path
) -> None:
    def run(kind: str) -> subprocess.CompletedProcess[str]:
        command = _command(kind, programs[f"{topic}-{kind}"], tmp_path)
        return subprocess.run(
            command, env=keys, capture_output=True, text=True, timeout=60, check=False
        )

    with ThreadPoolExecutor() as pool:
        for kind, done in zip(KINDS, pool.map(run, KINDS), strict=True):
            assert done.returncode == 0, (kind, done.stderr)
            assert EXPECTED[topic] in done.stdout, (kind, done.stdout)


@pytest.mark.parametrize("kind", KINDS)
def test_with_a_residents_consent(
    city: City, programs: dict[str, str], keys: dict[str, str], kind: str, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        _command(kind, programs[f"consent-{kind}"], tmp_path),
        env=keys, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        printed = iter(process.stdout.readline, "")
        url = next(line for line in printed if line.startswith("http")).strip()
        browser = Browser(city)
        page = browser.sign_in(url.removeprefix(city.url), "hana", city.password("hana"))
        assert "Quickstart" in page.text
        back = browser.submit(page, decision="allow").headers["location"]
        assert back.startswith(REDIRECT)
        if kind == "sh":
            said, _ = process.communicate(back + "\n", timeout=30)
        else:
            assert httpx.get(back).status_code == 200
            said, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    found = json.loads(said[said.index("{") :])
    assert found["resourceType"] == "Bundle"
    assert found["total"] > 0

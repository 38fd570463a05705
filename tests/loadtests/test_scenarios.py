"""The load asks every domain with a real token, and a failing route fails the run by name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from loadtests.scenarios import mix
from loadtests.scenarios.app import City, SampleApp

ROOT = Path(__file__).resolve().parents[2]
PAGES: dict[str, list[dict[str, Any]]] = {
    "/mobility/v1/stops": [{"id": "urn:ngsi-ld:GtfsStop:x:1"}],
    "/logistics/v1/shipments": [{"id": "urn:ngsi-ld:Shipment:x:1", "epc": "urn:epc:id:sscc:1.2"}],
    "/payments/v1/accounts": [{"id": "a1", "currency": "JPY"}],
}


class TownHall(ThreadingHTTPServer):
    """A city of fixed answers, which counts what it is asked and refuses what it is told to."""

    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Clerk)
        self.asked: Counter[str] = Counter()
        self.refused = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Clerk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: TownHall

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.asked[f"GET {path}"] += 1
        if self.headers["Authorization"] != "Bearer good" and not path.startswith("/.well-known"):
            self.answer(401, {"title": "No token"})
        elif path == self.server.refused:
            self.answer(503, {"title": "Holder away"})
        else:
            self.answer(200, {"items": PAGES.get(path, [])})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked[f"POST {self.path}"] += 1
        if self.path == "/oauth/token":
            self.answer(200, {"access_token": "good", "expires_in": 300})
        elif self.headers["Idempotency-Key"] and json.loads(body)["debtorAccount"] == "a1":
            self.answer(201, {"paymentId": "p1"})
        else:
            self.answer(422, {"title": "Not an order"})

    def answer(self, status: int, body: Any) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing: the test counts for itself."""


@pytest.fixture
def town() -> Iterator[TownHall]:
    with TownHall() as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield server
        server.shutdown()
        serving.join()


def load(town: TownHall, folder: Path) -> subprocess.CompletedProcess[str]:
    app = {"client_id": "app", "client_secret": "s", "gateway_url": town.url}
    (folder / "sample-app.json").write_text(json.dumps(app))
    size = ["--users", "40", "--spawn-rate", "40", "--run-time", "4s"]
    return subprocess.run(
        [sys.executable, "-m", "loadtests.scenarios", *size],
        env={**os.environ, "SUPERCITY_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_steady_day_asks_all_seven_domains_and_the_broker(town: TownHall, tmp_path: Path) -> None:
    done = load(town, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    parts = {path.split("/")[1] for path in town.asked}
    domains = "mobility disaster medical administration logistics education payments ngsi-ld"
    assert parts >= set(domains.split())
    assert town.asked["GET /mobility/v1/stops/urn%3Angsi-ld%3AGtfsStop%3Ax%3A1/departures"]
    assert town.asked["GET /logistics/v1/shipments/urn%3Aepc%3Aid%3Asscc%3A1.2/track"]
    assert town.asked["POST /payments/v1/payments"]
    assert town.asked["GET /payments/v1/payments/p1"]
    assert town.asked["POST /oauth/token"] == 1, "all users are one application"


def test_a_failing_route_fails_the_run_and_is_named_with_its_reason(
    town: TownHall, tmp_path: Path
) -> None:
    town.refused = "/mobility/v1/vehicles"
    done = load(town, tmp_path)
    assert done.returncode == 1
    assert "503 Holder away" in done.stdout + done.stderr


def test_an_empty_list_that_the_load_needs_ends_it_before_it_begins(
    town: TownHall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.refused = "/logistics/v1/shipments"
    monkeypatch.setattr(mix, "_PATIENCE_SECONDS", 0)
    with pytest.raises(SystemExit, match=r"/logistics/v1/shipments answers 503"):
        mix.Things(City(SampleApp("app", "s", town.url)), mix.STEADY_DAY)

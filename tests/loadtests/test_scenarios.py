"""The load asks every domain with a real token, and a failing route fails the run by name."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from loadtests.scenarios import mix
from loadtests.scenarios.__main__ import main
from loadtests.scenarios.app import City, SampleApp
from loadtests.scenarios.morning import DAWN, PEAK_FROM, awake

ROOT = Path(__file__).resolve().parents[2]
PAGES: dict[str, list[dict[str, Any]]] = {
    "/mobility/v1/stops": [{"id": "urn:ngsi-ld:GtfsStop:x:1"}],
    "/logistics/v1/shipments": [{"id": "urn:ngsi-ld:Shipment:x:1", "epc": "urn:epc:id:sscc:1.2"}],
    "/payments/v1/accounts": [{"id": "a1", "currency": "JPY"}],
}

EMERGENCY = "/control/v1/emergency"
OVERLOAD = {"type": "urn:problem-type:supercity:overload-emergency", "title": "Not now"}


class TownHall(ThreadingHTTPServer):
    """A city of fixed answers, which counts what it is asked and refuses what it is told to."""

    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Clerk)
        self.asked: Counter[str] = Counter()
        self.refused = ""
        self.emergencies: list[str] = []
        self.in_force = False
        self.slow_in_emergency = 0.0

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
        elif self.server.in_force and not path.startswith("/disaster"):
            self.answer(503, OVERLOAD)
        elif path == self.server.refused:
            self.answer(503, {"title": "Holder away"})
        else:
            if self.server.in_force:
                time.sleep(self.server.slow_in_emergency)
            self.answer(200, {"items": PAGES.get(path, [])})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked[f"POST {self.path}"] += 1
        if self.path == "/oauth/token":
            self.answer(200, {"access_token": "good", "expires_in": 300})
        elif self.path == EMERGENCY:
            self.server.emergencies.append(json.loads(body)["level"])
            self.server.in_force = True
            self.answer(201, {})
        elif self.server.in_force:
            self.answer(503, OVERLOAD)
        elif self.headers["Idempotency-Key"] and json.loads(body)["debtorAccount"] == "a1":
            self.answer(201, {"paymentId": "p1"})
        else:
            self.answer(422, {"title": "Not an order"})

    def do_DELETE(self) -> None:
        self.server.asked[f"DELETE {self.path}"] += 1
        self.answer(200 if self.server.in_force else 404, {})
        self.server.in_force = False

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


def load(
    town: TownHall, folder: Path, *scenario: str, users: int = 40, seconds: int = 4
) -> subprocess.CompletedProcess[str]:
    app = {"client_id": "app", "client_secret": "s", "gateway_url": town.url}
    for name in ("sample-app.json", "operator.json"):
        (folder / name).write_text(json.dumps(app))
    size = ["--users", f"{users}", "--spawn-rate", f"{users}", "--run-time", f"{seconds}s"]
    size += ["--html", str(folder / "report.html")]
    return subprocess.run(
        [sys.executable, "-m", "loadtests.scenarios", *scenario, *size],
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


def test_a_morning_rush_swells_and_leaves_a_report(town: TownHall, tmp_path: Path) -> None:
    done = load(town, tmp_path, "morning_rush", users=40, seconds=8)
    assert done.returncode == 0, done.stdout + done.stderr
    commuting = sum(many for path, many in town.asked.items() if "/mobility/" in path)
    assert commuting > sum(town.asked.values()) / 2
    assert town.asked["GET /education/v1/schools"]
    assert "Ramping" in done.stderr
    assert "<html" in (tmp_path / "report.html").read_text()


def test_the_number_of_users_doubles_until_the_peak_and_ebbs() -> None:
    assert awake(0) == DAWN
    assert awake(PEAK_FROM / 3) == pytest.approx(2 * DAWN)
    assert awake(0.7) == 1
    assert awake(0.95) < 1


def test_a_surge_is_twentyfold_and_what_is_shed_for_it_is_no_failure(
    town: TownHall, tmp_path: Path
) -> None:
    done = load(town, tmp_path, "disaster_surge", users=90, seconds=10)
    told = done.stdout + done.stderr
    assert "others shed" in told, told
    assert "shed /" in told
    assert "503" not in told
    calm, surge = (reads(told, phase) for phase in ("calm", "surge"))
    assert surge > 10 * calm > 0
    assert town.emergencies == ["critical"]
    assert not town.in_force, "the emergency is ended with the run"


def reads(told: str, phase: str) -> int:
    """Disaster reads of a phase, by Locust's first table."""
    table = told.partition("Response time percentiles")[0]
    return sum(int(many) for many in re.findall(rf"^GET +{phase} \S+ +(\d+)", table, re.MULTILINE))


def test_a_surge_in_which_life_safety_becomes_slow_fails(town: TownHall, tmp_path: Path) -> None:
    town.slow_in_emergency = 0.4
    done = load(town, tmp_path, "disaster_surge", users=90, seconds=10)
    assert done.returncode == 1
    assert "not within 2 times of calm" in done.stdout


def test_a_scenario_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="disaster_surge"):
        main(["evening"])

"""What a newcomer does first: start it, paste four lines, look, stop it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.journeys.city import City, until


def bash(*lines: str) -> str:
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)], capture_output=True, text=True, timeout=30, check=False
    )
    return done.stdout


def test_the_city_is_up_within_a_minute(city: City) -> None:
    assert city.seconds_to_start < 60


def test_the_four_printed_lines_work_as_pasted(city: City) -> None:
    get_token, departures, near, watch = city.curls()
    assert len(bash(get_token, 'echo "$TOKEN"').strip().split(".")) == 3
    board = json.loads(bash(get_token, departures))
    assert board["items"]
    assert all(item["expected"] for item in board["items"])
    shelters = json.loads(bash(get_token, near))
    assert shelters
    assert all(shelter["type"] == "Shelter" for shelter in shelters)
    # the stream has no end: a vehicle moves every other second, so five seconds show some
    streamed = bash(get_token, f"timeout 5 {watch}")
    events = [json.loads(x[5:]) for x in streamed.splitlines() if x.startswith("data:")]
    assert events
    assert all(event["type"].startswith("city.") for event in events)


def test_secrets_are_for_the_owner_of_the_folder_only(city: City) -> None:
    for name in ("secrets.json", "bootstrap.json", "sample-app.json", "operator.json"):
        assert (city.folder / name).stat().st_mode & 0o077 == 0


def test_no_secret_is_in_a_log(city: City) -> None:
    held = json.loads((city.folder / "secrets.json").read_text())
    secrets = [held["gateway_key"], held["pairwise_key"], *held["clients"].values()]
    for log in Path(city.folder / "logs").glob("*.log"):
        text = log.read_text(errors="replace")
        assert not any(secret in text for secret in [*secrets, *held["residents"].values()])


def test_the_whole_open_api_is_one_public_document(city: City) -> None:
    with city.bearer("") as anybody:
        document = anybody.get("/openapi.json")
        assert document.status_code == 200
        paths = document.json()["paths"]
    for prefix in ("/mobility/", "/disaster/", "/medical/", "/payments/", "/ngsi-ld/", "/events/"):
        assert any(path.startswith(prefix) for path in paths)


def test_the_sample_city_lives(city: City) -> None:
    def buses() -> dict[str, object]:
        return {vehicle["id"]: vehicle["location"] for vehicle in city.entities("Vehicle")}

    def occupants() -> dict[str, object]:
        return {shelter["id"]: shelter.get("occupants") for shelter in city.entities("Shelter")}

    parked, asleep = buses(), occupants()
    until(lambda: buses() != parked, 20)
    until(lambda: occupants() != asleep, 60)

"""An application that the city has never seen becomes part of its open API, without a restart."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack

from tests.journeys import apps
from tests.journeys.city import ROOT, City, until


def supercity(city: City, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "SUPERCITY_DATA_DIR": str(city.folder),
        "SUPERCITY_PUBLIC_URL": city.url,
    }
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_app_is_attached_by_one_command_and_its_scopes_hold(city: City) -> None:
    with apps.running(apps.named("bikes")) as app:
        done = supercity(city, "attach", f"{app.url}/openapi.json", "--name", "bikes")
        assert done.returncode == 0, done.stderr
        assert "/apps/bikes/stations" in done.stdout
        try:
            reader = city.token(*city.register("bikes:read"))
            with city.bearer(reader) as http, city.bearer("") as anybody:
                answer = until(lambda: (a := http.get("/apps/bikes/stations")).is_success and a)
                assert answer.json() == {"path": "/stations", "method": "GET"}
                assert http.post("/apps/bikes/rides").status_code == 403
                assert anybody.get("/apps/bikes/stations").status_code == 401
                assert anybody.get("/apps/bikes/about").status_code == 200
            with city.client() as without_the_scope:
                assert without_the_scope.get("/apps/bikes/stations").status_code == 403
        finally:
            assert supercity(city, "detach", "bikes").returncode == 0
        with city.bearer(reader) as http:
            until(lambda: http.get("/apps/bikes/stations").status_code == 404)


def test_an_app_in_two_processes_loses_one_and_no_read_fails(city: City) -> None:
    told = apps.named("twins")
    with ExitStack() as second, apps.running(told) as one:
        two = second.enter_context(apps.running(told))
        named = ("--upstream", one.url, "--upstream", two.url)
        done = supercity(city, "attach", f"{one.url}/openapi.json", "--name", "twins", *named)
        assert done.returncode == 0, done.stderr
        try:
            with city.bearer("") as anybody:

                def ask() -> int:
                    return anybody.get("/apps/twins/about").status_code

                until(lambda: ask() == 200 and one.seen and two.seen)
                second.close()
                seen = len(one.seen)
                assert [ask() for _ in range(50)] == [200] * 50
                assert len(one.seen) > seen
        finally:
            assert supercity(city, "detach", "twins").returncode == 0


def test_an_app_from_outside_gets_no_secret_of_the_city(city: City) -> None:
    with apps.running(apps.named("parks")) as app, apps.attached(city, app, "parks"):
        city_key = "x-city-gateway-key"
        with city.bearer("") as anybody:
            spoofed = {"x-city-client": "operator", city_key: "guess"}
            until(lambda: anybody.get("/apps/parks/about", headers=spoofed).status_code == 200)
        seen = app.seen[-1]
        assert city_key not in seen
        assert "operator" not in seen.values()


def test_its_document_is_public_and_part_of_the_whole(city: City) -> None:
    with apps.running(apps.named("libraries")) as app, apps.attached(city, app, "libraries"):
        with city.bearer("") as anybody:
            own = anybody.get("/catalogue/v1/apis/libraries/openapi.json")
            whole = anybody.get("/openapi.json").json()
        assert own.status_code == 200
        assert own.json()["info"]["title"] == "Shared bikes"
        assert any(path.startswith("/apps/libraries/") for path in whole["paths"])


def test_an_unsafe_document_is_refused_with_every_finding(city: City) -> None:
    unsafe = apps.document(
        open={"get": {"operationId": "a", "responses": {}}},
        theirs={"get": apps.operation("b", "medical:records")},
    )
    with apps.running(unsafe) as app:
        done = supercity(city, "attach", f"{app.url}/openapi.json", "--name", "shady")
    assert done.returncode == 1
    assert "/paths/~1open/get" in done.stderr
    assert "medical:records" in done.stderr
    with city.client("operator") as operator:
        assert operator.get("/control/v1/apis/shady").status_code == 404

"""``python -m loadtests.scenarios [scenario]``: a load run without a browser, and its table.

Loads the city that is running here, or starts one for the run. Exits with 1 when a request
failed. Further arguments go to Locust, such as ``--users 400 --run-time 5m``; the report is written
to ``loadtests/results/<scenario>.html`` unless ``--html`` names another place.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadtests.scenarios.app import FILE, SampleApp, data_dir
from loadtests.withdrawal import __main__ as withdrawal

_UP = " is up."
"""What ``supercity up`` says when every API is attached and answers, not just some."""
_START_SECONDS = 90
_HERE = Path(__file__).parent
_SCENARIOS = {
    "steady_day": ["--users", "100", "--spawn-rate", "50", "--run-time", "30s"],
    "morning_rush": ["--users", "200", "--run-time", "60s"],
    "disaster_surge": ["--users", "180", "--spawn-rate", "180", "--run-time", "40s"],
}
"""Each is a module here, which is its locustfile; with what it is run unless told otherwise."""


def answers(folder: Path) -> bool:
    """Whether the city whose data is in ``folder`` is running."""
    if not (folder / FILE).exists():
        return False
    url = SampleApp.load(folder).gateway_url + "/.well-known/oauth-authorization-server"
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own file's URL
            return int(answer.status) == 200
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


@contextmanager
def running_city() -> Iterator[Path]:
    """The data folder of a city that answers: the one that runs here, or one for this run."""
    if answers(data_dir()):
        yield data_dir()
        return
    with tempfile.TemporaryDirectory(prefix="supercity-load-") as folder:
        environment = {**os.environ, "SUPERCITY_DATA_DIR": folder}
        log = Path(folder) / "up.log"
        print("starting a city for this run")
        with (
            log.open("wb") as out,
            subprocess.Popen(
                [sys.executable, "-m", "gateway.cli", "up"],
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            ) as city,
        ):
            try:
                _wait(city, Path(folder), log)
                yield Path(folder)
            finally:
                city.send_signal(signal.SIGINT)
                city.wait(30)


def _wait(city: subprocess.Popen[bytes], folder: Path, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not (_UP in log.read_text() and answers(folder)):
        if city.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the city did not start:\n{log.read_text()[-4000:]}")
        time.sleep(0.2)


def main(arguments: list[str]) -> int:
    named = bool(arguments) and not arguments[0].startswith("-")
    scenario = arguments[0] if named else "steady_day"
    if scenario == "withdrawal":  # a city of its own, and no locustfile
        return withdrawal.main(arguments[1:])
    if scenario not in _SCENARIOS:
        raise SystemExit(
            f"no scenario {scenario!r}: there are {', '.join((*_SCENARIOS, 'withdrawal'))}"
        )
    given = arguments[named:]
    with running_city() as folder:
        command = [sys.executable, "-m", "locust", "--locustfile", str(_HERE / f"{scenario}.py")]
        report = _HERE.parent / "results" / f"{scenario}.html"
        command += ["--headless", "--only-summary", "--html", str(report)]
        command += [*_SCENARIOS[scenario], *given]
        print(f"{scenario}: loading", SampleApp.load(folder).gateway_url, *given)
        environment = {**os.environ, "SUPERCITY_DATA_DIR": str(folder)}
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

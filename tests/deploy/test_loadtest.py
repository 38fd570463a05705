"""The load run in a cluster: valid manifests, and a scenario that exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy.manifests import ROOT, City, build
from tests.deploy.rules import bounded
from tests.deploy.schema import violations

FOLDER = ROOT / "loadtest"


@pytest.fixture(scope="module")
def run() -> City:
    return City(build(FOLDER))


def test_its_manifests_are_valid_and_its_pods_bounded(run: City) -> None:
    assert [v for resource in run.resources for v in violations(resource)] == []
    assert list(bounded(run)) == []


def test_it_runs_a_scenario_of_this_repository(run: City) -> None:
    (config,) = run.of("ConfigMap")
    inside = Path(config["data"]["LOCUST_LOCUSTFILE"]).relative_to("/load")
    assert (ROOT.parents[1] / inside).exists()


def test_the_master_waits_for_as_many_workers_as_there_are(run: City) -> None:
    (job,) = run.of("Job")
    arguments = job["spec"]["template"]["spec"]["containers"][0]["args"]
    (workers,) = run.of("Deployment")
    expected = arguments[arguments.index("--expect-workers") + 1]
    assert int(expected) == workers["spec"]["replicas"]

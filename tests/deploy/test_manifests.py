"""The manifests are valid, and every rule about them finds what it is there to find."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from gateway.control import bootstrap_file
from gateway.settings import Settings
from tests.deploy import rules, topics
from tests.deploy.manifests import BASE, FOLDERS, City, Resource, build, pod
from tests.deploy.schema import violations

DOCKERFILE = BASE.parents[1] / "Dockerfile"


@pytest.fixture(scope="module")
def base() -> City:
    return City(build(BASE))


@pytest.fixture
def city(base: City) -> City:
    """A copy to break."""
    return copy.deepcopy(base)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_kustomization_is_valid_and_keeps_every_rule(folder: Path) -> None:
    city = City(build(folder))
    assert [v for resource in city.resources for v in violations(resource)] == []
    assert [v for rule in rules.RULES for v in rule(city)] == []


def test_each_topic_of_the_registry_is_declared() -> None:
    assert topics.outdated() == []


@pytest.mark.parametrize(
    "change",
    [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"prots": []}},
        {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaTopic", "metadata": {"name": "x"}},
        {"apiVersion": "kafka.strimzi.io/v1", "kind": "KafkaFoo", "metadata": {"name": "x"}},
        {"apiVersion": "example.com/v1", "kind": "Deployment", "metadata": {"name": "x"}},
    ],
    ids=["misspelt member", "missing member", "unknown Strimzi kind", "unknown group"],
)
def test_what_kubernetes_or_strimzi_would_refuse_is_found(change: Resource) -> None:
    assert list(violations(change))


def named(city: City, kind: str, name: str) -> Resource:
    return next(r for r in city.of(kind) if r["metadata"]["name"] == name)


def container(city: City) -> Resource:
    found: Resource = pod(named(city, "Deployment", "broker"))["containers"][0]
    return found


def remove(city: City, kind: str, name: str) -> None:
    city.resources.remove(named(city, kind, name))


def expose(city: City) -> None:
    named(city, "Service", "control")["spec"]["type"] = "LoadBalancer"


def open_wide(city: City) -> None:
    del named(city, "NetworkPolicy", "broker")["spec"]["ingress"][0]["from"]


def let_another_namespace_in(city: City) -> None:
    peers = named(city, "NetworkPolicy", "broker")["spec"]["ingress"][0]["from"]
    peers.append({"namespaceSelector": {}, "podSelector": {}})


def lead_around_the_gateway(city: City) -> None:
    backend = {"service": {"name": "control", "port": {"number": 8001}}}
    city.resources.append(
        {"kind": "Ingress", "metadata": {"name": "back"}, "spec": {"defaultBackend": backend}}
    )


def run_as_root(city: City) -> None:
    pod(named(city, "Deployment", "broker"))["securityContext"]["runAsNonRoot"] = False


def read_an_unknown_secret(city: City) -> None:
    reference = {"secretKeyRef": {"name": "elsewhere", "key": "k"}}
    container(city)["env"].append({"name": "X", "valueFrom": reference})


def read_one_secret_less(city: City) -> None:
    for deployment in city.deployments():
        only = pod(deployment)["containers"][0]
        only["env"] = [v for v in only["env"] if v["name"] != "SUPERCITY_LIMITS_URL"]


def want_more_copies_than_nodes(city: City) -> None:
    config = {"min.insync.replicas": 2}
    city.resources.append(
        {"kind": "KafkaTopic", "metadata": {"name": "t"}, "spec": {"replicas": 5, "config": config}}
    )


def shorten_the_drain(city: City) -> None:
    pod(named(city, "Deployment", "broker"))["terminationGracePeriodSeconds"] = 20


BROKEN: list[tuple[rules.Rule, Callable[[City], object]]] = [
    (rules.probed, lambda city: container(city).pop("readinessProbe")),
    (rules.bounded, lambda city: container(city)["resources"].pop("limits")),
    (rules.unprivileged, run_as_root),
    (rules.unprivileged, lambda city: container(city)["securityContext"].pop("capabilities")),
    (rules.disruptable, lambda city: remove(city, "PodDisruptionBudget", "broker")),
    (rules.time_to_drain, shorten_the_drain),
    (rules.time_to_drain, lambda city: container(city).pop("lifecycle")),
    (rules.walled, lambda city: remove(city, "NetworkPolicy", "broker")),
    (rules.walled, lambda city: remove(city, "NetworkPolicy", "default-deny")),
    (rules.one_door, expose),
    (rules.one_door, open_wide),
    (rules.one_door, let_another_namespace_in),
    (rules.one_door, lead_around_the_gateway),
    (rules.connected, lambda city: remove(city, "Deployment", "broker")),
    (rules.connected, lambda city: container(city)["ports"][0].update(name="other")),
    (rules.secrets_explained, read_an_unknown_secret),
    (rules.secrets_explained, read_one_secret_less),
    (rules.acknowledged_twice, want_more_copies_than_nodes),
]


@pytest.mark.parametrize(("rule", "break_it"), BROKEN)
def test_a_broken_rule_is_found(
    city: City, rule: rules.Rule, break_it: Callable[[City], object]
) -> None:
    break_it(city)
    assert list(rule(city))


def test_each_rule_is_seen_to_fail_above() -> None:
    assert {rule for rule, _ in BROKEN} == set(rules.RULES)


def test_processes_are_given_only_settings_that_exist(base: City) -> None:
    known = {f"SUPERCITY_{name.upper()}" for name in Settings.__dataclass_fields__}
    given = {v["name"] for _, each in base.containers() for v in each["env"]}
    given |= {key for config in base.of("ConfigMap") for key in config["data"]}
    assert given <= known


def bootstrap_example() -> str:
    secrets = yaml.safe_load_all((BASE / "secrets.example.yaml").read_text())
    found = [s["stringData"] for s in secrets if s["metadata"]["name"] == "supercity-bootstrap"]
    example: str = found[0]["bootstrap.json"]
    return example


def test_the_bootstrap_example_names_services_that_there_are(base: City) -> None:
    services = {
        f"{service['metadata']['name']}:{port['port']}"
        for service in base.of("Service")
        for port in service["spec"]["ports"]
    }
    named = {
        urlsplit(api["document_url"]).netloc for api in json.loads(bootstrap_example())["apis"]
    }
    assert named
    assert named <= services


def test_the_control_plane_reads_the_bootstrap_example(tmp_path: Path) -> None:
    file = tmp_path / "bootstrap.json"
    file.write_text(bootstrap_example())
    assert bootstrap_file.read(file).apis


def test_the_image_runs_as_the_user_that_the_pods_run_as(base: City) -> None:
    user = re.search(r"^USER (\d+):(\d+)$", DOCKERFILE.read_text(), re.MULTILINE)
    assert user
    for deployment in base.deployments():
        context = pod(deployment)["securityContext"]
        assert (context["runAsUser"], context["runAsGroup"]) == (int(user[1]), int(user[2]))


def test_the_image_installs_only_what_the_lock_names_by_hash() -> None:
    installs = re.findall(r"pip install.*", DOCKERFILE.read_text())
    assert installs
    assert all("--require-hashes" in line or "--no-deps" in line for line in installs)


def test_secrets_stay_out_of_the_kustomization() -> None:
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text())
    assert "secrets.example.yaml" not in kustomization["resources"]
    assert City(build(BASE)).of("Secret") == []

"""What this platform asks of its manifests beyond their being valid.

Each rule takes a whole :class:`~tests.deploy.manifests.City` and yields what is wrong in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import yaml

from tests.deploy.manifests import BASE, City, Resource, name, pod, selector

Rule = Callable[[City], Iterator[str]]

PUBLIC: Final = "gateway"
"""The one part that the world may reach."""


def probed(city: City) -> Iterator[str]:
    """Every container says when it has started, lives, and is ready."""
    for where, container in city.containers():
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if probe not in container:
                yield f"{where} has no {probe}"


def bounded(city: City) -> Iterator[str]:
    """Every container asks for what it needs, and cannot take all the memory."""
    for where, container in city.containers():
        resources = container.get("resources", {})
        wanted = {("requests", "cpu"), ("requests", "memory"), ("limits", "memory")}
        for kind, what in sorted(wanted):
            if what not in resources.get(kind, {}):
                yield f"{where} has no {what} in resources.{kind}"


def unprivileged(city: City) -> Iterator[str]:
    """The restricted Pod Security Standard, and a root file system nobody writes to."""
    for deployment in city.deployments():
        spec = pod(deployment)
        context = spec.get("securityContext", {})
        if not context.get("runAsNonRoot") or not context.get("runAsUser"):
            yield f"{name(deployment)} may run as root"
        if context.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{name(deployment)} has no seccomp profile"
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{name(deployment)} is handed a Kubernetes token"
    wanted = {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    for where, container in city.containers():
        if container.get("securityContext") != wanted:
            yield f"{where} should have the securityContext {wanted}"


def disruptable(city: City) -> Iterator[str]:
    """A node can be drained, one pod at a time, and pods spread over nodes."""
    for deployment in city.deployments():
        if len(city.selecting("PodDisruptionBudget", deployment)) != 1:
            yield f"{name(deployment)} should have exactly one PodDisruptionBudget"
        if not pod(deployment).get("topologySpreadConstraints"):
            yield f"{name(deployment)} has no topologySpreadConstraints"


def time_to_drain(city: City) -> Iterator[str]:
    """The endpoint leaves the list first; then there is time to finish what was begun."""
    for deployment in city.deployments():
        grace = pod(deployment).get("terminationGracePeriodSeconds", 30)
        for container in pod(deployment)["containers"]:
            pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {})
            if not pause:
                yield f"{name(deployment)} does not wait in preStop"
            elif grace < pause["seconds"] + 30:
                yield f"{name(deployment)} has less than 30 s to drain"


def walled(city: City) -> Iterator[str]:
    """Nothing is allowed by default, and each part has its own policy for both directions."""
    policies = city.of("NetworkPolicy")
    both = ["Ingress", "Egress"]
    if not any(_denies_all(policy) for policy in policies):
        yield "no NetworkPolicy denies everything by default"
    for deployment in city.deployments():
        own = city.selecting("NetworkPolicy", deployment)
        if not any(policy["spec"]["policyTypes"] == both for policy in own):
            yield f"{name(deployment)} has no NetworkPolicy for both directions"


def one_door(city: City) -> Iterator[str]:
    """Only the gateway can be reached from outside the namespace."""
    for policy in city.of("NetworkPolicy"):
        for rule in policy["spec"].get("ingress", []):
            if not _stays_inside(rule) and policy["metadata"]["name"] != PUBLIC:
                yield f"{name(policy)} lets in more than this namespace's own pods"
    for service in city.of("Service"):
        kind = service["spec"].get("type", "ClusterIP")
        if kind != "ClusterIP" and not _leads_to_gateway(service):
            yield f"{name(service)} of type {kind} is not the gateway's"
    for ingress in city.of("Ingress"):
        for backend in _backends(ingress):
            if backend != PUBLIC:
                yield f"{name(ingress)} leads to {backend}, not to the gateway"


def connected(city: City) -> Iterator[str]:
    """Every Service leads to a Deployment, and to a port that it names."""
    for service in city.of("Service"):
        targets = [d for d in city.deployments() if service in city.selecting("Service", d)]
        if len(targets) != 1:
            yield f"{name(service)} selects {len(targets)} Deployments"
            continue
        ports = {port["name"] for c in pod(targets[0])["containers"] for port in c.get("ports", [])}
        for port in service["spec"]["ports"]:
            if port["targetPort"] not in ports:
                yield f"{name(service)} leads to port {port['targetPort']}, which nobody names"


def secrets_explained(city: City) -> Iterator[str]:
    """``secrets.example.yaml`` lists the secrets that are read: all, and no other."""
    example = yaml.safe_load_all((BASE / "secrets.example.yaml").read_text())
    listed = {(s["metadata"]["name"], key) for s in example for key in s["stringData"]}
    files = {name for name, key in listed if key.endswith(".json")}
    read = set(_keys_read(city)) | {(n, k) for n, k in listed if n in files & _mounted(city)}
    for secret, key in sorted(read - listed):
        yield f"Secret {secret}, key {key}, is read but not in secrets.example.yaml"
    for secret, key in sorted(listed - read):
        yield f"Secret {secret}, key {key}, is in secrets.example.yaml but nobody reads it"
    for secret in sorted(_mounted(city) - files):
        yield f"Secret {secret} is mounted but not in secrets.example.yaml"


def acknowledged_twice(city: City) -> Iterator[str]:
    """No topic wants more copies than there are Kafka nodes, nor survives on fewer than it says."""
    nodes = sum(pool["spec"]["replicas"] for pool in city.of("KafkaNodePool"))
    for topic in city.of("KafkaTopic"):
        copies = topic["spec"]["replicas"]
        if copies != min(3, nodes):
            yield f"{name(topic)} has {copies} replicas on {nodes} Kafka nodes"
        if int(topic["spec"]["config"].get("min.insync.replicas", 1)) != max(1, copies - 1):
            yield f"{name(topic)} should have min.insync.replicas {max(1, copies - 1)}"


RULES: Final[tuple[Rule, ...]] = (
    probed,
    bounded,
    unprivileged,
    disruptable,
    time_to_drain,
    walled,
    one_door,
    connected,
    secrets_explained,
    acknowledged_twice,
)


# ---------------------------------------------------------------- questions


def _denies_all(policy: Resource) -> bool:
    spec = policy["spec"]
    everybody = not selector(policy)
    return everybody and set(spec["policyTypes"]) == {"Ingress", "Egress"} and len(spec) == 2


def _stays_inside(rule: dict[str, Any]) -> bool:
    return bool(rule.get("from")) and all(set(peer) == {"podSelector"} for peer in rule["from"])


def _leads_to_gateway(service: Resource) -> bool:
    return selector(service).get("app.kubernetes.io/name") == PUBLIC


def _backends(ingress: Resource) -> Iterator[str]:
    spec = ingress["spec"]
    if "defaultBackend" in spec:
        yield spec["defaultBackend"]["service"]["name"]
    for rule in spec.get("rules", []):
        for path in rule["http"]["paths"]:
            yield path["backend"]["service"]["name"]


def _keys_read(city: City) -> Iterator[tuple[str, str]]:
    for _, container in city.containers():
        for variable in container.get("env", []):
            reference = variable.get("valueFrom", {}).get("secretKeyRef")
            if reference:
                yield reference["name"], reference["key"]


def _mounted(city: City) -> set[str]:
    return {
        volume["secret"]["secretName"]
        for deployment in city.deployments()
        for volume in pod(deployment).get("volumes", [])
        if "secret" in volume
    }

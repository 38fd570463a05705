"""Who can reach whom, as the NetworkPolicies of one namespace have it.

Kubernetes' rules (API reference, NetworkPolicySpec): a connection needs a policy that lets it out
of its source and one that lets it into its target; a pod that no policy of a direction selects is
open in that direction. Peers in other namespaces and address blocks are not pods of this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any, Final

from tests.deploy.manifests import City, pod, selector

Labels = Mapping[str, str]
Arrow = tuple[str, str, int]
"""Source, target, port."""

_KAFKA: Final = "kafka"


def arrows(city: City) -> set[Arrow]:
    """Every connection between parts that is allowed, on the ports that they listen on."""
    parts = dict(_parts(city))
    return {
        (source, target, port)
        for source, target in permutations(parts, 2)
        for port in parts[target][1]
        if _allowed(city, "egress", parts[source][0], parts[target][0], port)
        and _lets_in(city, target, parts[source][0], parts[target][0], port)
    }


def _parts(city: City) -> Iterator[tuple[str, tuple[Labels, list[int]]]]:
    for deployment in city.deployments():
        ports = [p["containerPort"] for c in pod(deployment)["containers"] for p in c["ports"]]
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        yield deployment["metadata"]["name"], (labels, ports)
    for cluster in city.of("Kafka"):
        listeners = [each["port"] for each in cluster["spec"]["kafka"]["listeners"]]
        yield _KAFKA, ({"strimzi.io/cluster": cluster["metadata"]["name"]}, listeners)


def _lets_in(city: City, name: str, source: Labels, target: Labels, port: int) -> bool:
    if name != _KAFKA:
        return _allowed(city, "ingress", target, source, port)
    # Strimzi writes the brokers' policies, from the listeners
    return any(
        _is_peer(peer, source)
        for cluster in city.of("Kafka")
        for listener in cluster["spec"]["kafka"]["listeners"]
        if listener["port"] == port
        for peer in listener["networkPolicyPeers"]
    )


def _allowed(city: City, direction: str, subject: Labels, other: Labels, port: int) -> bool:
    """Whether ``subject``'s policies allow ``direction`` with ``other`` on the target's port."""
    policies = [
        policy["spec"]
        for policy in city.of("NetworkPolicy")
        if direction.capitalize() in policy["spec"]["policyTypes"]
        and selector(policy).items() <= subject.items()
    ]
    if not policies:
        return True
    rules = [rule for policy in policies for rule in policy.get(direction, [])]
    return any(_matches(rule, direction, other, port) for rule in rules)


def _matches(rule: dict[str, Any], direction: str, other: Labels, port: int) -> bool:
    peers = rule.get("to" if direction == "egress" else "from")
    ports = [each["port"] for each in rule.get("ports", [])]
    right_port = not ports or port in ports
    return right_port and (not peers or any(_is_peer(peer, other) for peer in peers))


def _is_peer(peer: dict[str, Any], labels: Labels) -> bool:
    if set(peer) != {"podSelector"}:
        return False
    wanted: Labels = peer["podSelector"].get("matchLabels", {})
    return wanted.items() <= labels.items()

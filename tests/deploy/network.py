"""Who can reach whom, as the NetworkPolicies of one namespace have it.

Kubernetes' rules (API reference, NetworkPolicySpec): a connection needs a policy that lets it out
of its source and one that lets it into its target; a pod that no policy of a direction selects is
open in that direction. Peers in other namespaces and address blocks are not pods of this one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv6Network, ip_network
from itertools import permutations
from typing import Any, Final

from tests.deploy.manifests import City, pod, selector

Labels = Mapping[str, str]
Arrow = tuple[str, str, int]
"""Source, target, port."""

_KAFKA: Final = "kafka"
_GLOBAL_6: Final = IPv6Network("2000::/3")
_INSIDE_4: Final = frozenset(
    (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),
        *("127.0.0.0/8", "169.254.0.0/16"),
    )
)


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


def world(city: City, part: str) -> set[tuple[int, int]]:
    """First and last port of each range that a part may call in the public Internet.

    Raises:
        AssertionError: with the world it is let into a network that is private (RFC 1918), shared
            (RFC 6598), link-local or loopback.
    """
    found: set[tuple[int, int]] = set()
    for policy in city.of("NetworkPolicy"):
        if selector(policy).get("app.kubernetes.io/name") != part:
            continue
        for rule in policy["spec"].get("egress", []):
            blocks = [peer["ipBlock"] for peer in rule.get("to", []) if "ipBlock" in peer]
            if any(block["cidr"] == "0.0.0.0/0" for block in blocks):
                assert all(_spares_the_inside(block) for block in blocks), rule
                found |= {(p["port"], p.get("endPort", p["port"])) for p in rule["ports"]}
    return found


def _spares_the_inside(block: dict[str, Any]) -> bool:
    network = ip_network(block["cidr"])
    if network.version == 6:
        return network.subnet_of(_GLOBAL_6)
    return _INSIDE_4.issubset(block.get("except", []))


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

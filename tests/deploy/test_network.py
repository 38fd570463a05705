"""The NetworkPolicies draw the architecture's arrows: these, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.deploy.manifests import FOLDERS, City, build
from tests.deploy.network import arrows, world

ARCHITECTURE = {
    # a request's way: the gateway to everything that it routes to
    ("gateway", "control", 8001),
    ("gateway", "broker", 8002),
    ("gateway", "connectors", 8003),
    ("gateway", "evacuation", 8004),
    # the policy compiler reads each API's document; links are told through the open API
    ("control", "broker", 8002),
    ("control", "connectors", 8003),
    ("control", "evacuation", 8004),
    ("control", "gateway", 8000),
    # and gathers how each process is doing; the others' metrics are where their API is
    ("control", "gateway", 9000),
    # whoever publishes or asks does so through the open API, like anybody
    ("connectors", "gateway", 8000),
    ("evacuation", "gateway", 8000),
    # only the broker touches Kafka
    ("broker", "kafka", 9092),
}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_arrows_are_the_architectures(folder: Path) -> None:
    assert arrows(City(build(folder))) == ARCHITECTURE


WORLD = {
    "gateway": set(),
    "control": set(),
    # webhooks and notifications: where schemas/kit/outgoing/guard.py lets it
    "broker": {(443, 443), (1024, 65_535)},
    # data holders' feeds
    "connectors": {(443, 443)},
    "evacuation": set(),
}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_the_broker_and_the_connectors_reach_the_world_and_no_other_inside(folder: Path) -> None:
    city = City(build(folder))
    assert {part: world(city, part) for part in WORLD} == WORLD


def test_a_way_out_that_leads_inside_is_found() -> None:
    city = City(build(FOLDERS[0]))
    policy = next(p for p in city.of("NetworkPolicy") if p["metadata"]["name"] == "broker")
    policy["spec"]["egress"][-1]["to"][0]["ipBlock"]["except"].remove("10.0.0.0/8")
    with pytest.raises(AssertionError):
        world(city, "broker")


def test_without_policies_everything_is_open() -> None:
    city = City([r for r in build(FOLDERS[0]) if r["kind"] != "NetworkPolicy"])
    assert ("connectors", "broker", 8002) in arrows(city)


def test_a_policy_too_wide_shows_as_an_arrow_too_many() -> None:
    city = City(build(FOLDERS[0]))
    policy = next(p for p in city.of("NetworkPolicy") if p["metadata"]["name"] == "evacuation")
    policy["spec"]["egress"].append({"to": [{"podSelector": {}}]})
    # let out is not let in: the broker's own policy still refuses
    assert arrows(city) == ARCHITECTURE
    broker = next(p for p in city.of("NetworkPolicy") if p["metadata"]["name"] == "broker")
    broker["spec"]["ingress"][0]["from"].append({"podSelector": {}})
    assert ("evacuation", "broker", 8002) in arrows(city)

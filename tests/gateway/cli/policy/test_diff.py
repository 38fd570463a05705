"""Comparing policies, and writing them so that they read back the same."""

from __future__ import annotations

from typing import Any

import jsonschema
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cli.policy.checks import check
from gateway.cli.policy.diff import compare
from gateway.cli.policy.document import Policy
from gateway.cli.policy.writing import as_data, as_yaml, json_schema
from tests.gateway.cli.policy.documents import GOOD, policies


def read(text: str) -> Policy:
    policy, findings = check(text)
    assert policy, findings
    return policy


def compared(policy: Policy) -> dict[str, Any]:
    """What of a policy counts once everything in it is made."""
    found = policy.model_dump()
    for person in found["staff"].values():
        person.pop("name")
    for client in found["clients"].values():
        client.pop("secret")
    return found


@settings(max_examples=60, deadline=None)
@given(policies, policies)
def test_a_comparison_is_empty_exactly_if_they_are_equal(one: Policy, other: Policy) -> None:
    assert compare(one, one) == []
    assert (compare(one, other) == []) == (compared(one) == compared(other))
    assert len(compare(one, other)) == len(compare(other, one))


@settings(max_examples=60, deadline=None)
@given(policies, st.data())
def test_a_comparison_finds_any_single_difference(policy: Policy, data: st.DataObject) -> None:
    other = data.draw(policies)
    section = data.draw(st.sampled_from(["apis", "clients", "staff"]))
    mixed = policy.model_copy(update={section: getattr(other, section)})
    kinds = {one.kind for one in compare(policy, mixed)}
    assert kinds <= {{"apis": "api", "clients": "client", "staff": "person"}[section]}


@settings(max_examples=60, deadline=None)
@given(policies)
def test_a_written_policy_reads_back_the_same(policy: Policy) -> None:
    again = read(as_yaml(policy))
    assert again == policy
    assert as_yaml(again) == as_yaml(policy)
    jsonschema.Draft202012Validator(json_schema()).validate(as_data(policy))


def test_the_schema_refuses_what_is_refused() -> None:
    schema = jsonschema.Draft202012Validator(json_schema())
    schema.validate(yaml.safe_load(GOOD))
    wrongs: list[dict[str, Any]] = [
        {"clients": {"a": {"scops": []}}},
        {"clients": {"a b": {}}},
        {"version": 2},
    ]
    for wrong in wrongs:
        assert not schema.is_valid(wrong)


def test_a_section_that_is_left_out_is_not_compared() -> None:
    assert compare(read(GOOD), read("version: 1")) == []
    assert [one.name for one in compare(read(GOOD), read("clients: {}"))] == ["clinic", "maps"]


def test_a_change_says_what_goes_and_what_comes() -> None:
    wanted = GOOD.replace("[mobility:read, disaster:read]", "[mobility:read, medical:read]")
    wanted = wanted.replace("requests: 100", "requests: 5").replace("[operator]", "[auditor]")
    lines = [line for one in compare(read(GOOD), read(wanted)) for line in one.lines()]
    assert lines == [
        "~ client maps",
        "    scopes: -disaster:read +medical:read",
        "    rate: requests 100, seconds 10 → requests 5, seconds 10",
        "~ person sato",
        "    roles: -operator +auditor",
    ]


def test_where_a_secret_comes_from_is_nothing_to_compare_or_to_tell() -> None:
    other = GOOD.replace("{env: MAPS_SECRET}", "{file: /run/secrets/maps}")
    assert compare(read(GOOD), read(other)) == []
    empty = read("clients: {}")
    told = str([one.as_json() for one in compare(empty, read(GOOD))])
    assert "MAPS_SECRET" not in told
    assert "maps" in told

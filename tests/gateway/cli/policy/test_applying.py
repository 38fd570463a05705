"""Whatever a policy says, applying it makes the city so, and applying it again does nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from gateway.cli.operator import Operator
from gateway.cli.policy import running
from gateway.cli.policy.applying import apply
from gateway.cli.policy.diff import compare
from gateway.cli.policy.document import Policy
from tests.gateway.cli.conftest import SECRET
from tests.gateway.cli.policy.documents import policies


@pytest.fixture(scope="module")
def operator(city: str) -> Iterator[Operator]:
    with Operator(httpx.Client(base_url=city), "operator", SECRET) as one:
        yield one


def renamed(policy: Policy) -> Policy:
    """Under names that no other example has had, since those of ended clients are not given
    again; and without APIs, whose documents nobody serves here."""
    mark = uuid.uuid4().hex[:8]
    clients = {f"{name}-{mark}": one for name, one in (policy.clients or {}).items()}
    staff = {f"{name}-{mark}": one for name, one in (policy.staff or {}).items()}
    return policy.model_copy(update={"apis": None, "clients": clients, "staff": staff})


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(policies, policies)
def test_applying_makes_the_city_as_wanted_and_once_is_enough(
    operator: Operator, one: Policy, other: Policy
) -> None:
    for wanted in (renamed(one), renamed(other)):
        applied = apply(operator, compare(running.read(operator, wanted), wanted), wanted)
        assert applied.failed is None
        assert compare(running.read(operator, wanted), wanted) == []
        dumped = running.read(operator)
        assert dumped.clients == wanted.clients
        assert dumped.linkage == wanted.linkage
        assert {name: one.roles for name, one in (dumped.staff or {}).items()} == {
            name: one.roles for name, one in (wanted.staff or {}).items() if not one.suspended
        }
        assert compare(running.read(operator, dumped), dumped) == []

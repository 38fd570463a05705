"""What in a file is allowed, and yet perhaps not meant; only the running city can tell."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from gateway.cli.operator import Operator
from gateway.cli.policy import running
from gateway.cli.policy.checks import PLATFORM_AREAS
from gateway.cli.policy.document import Policy
from schemas.scopes import DESCRIPTIONS


def doubts(city: Operator, wanted: Policy) -> Iterator[str]:
    """Sentences for whoever applies the file; none of them keeps it from being applied.

    Raises:
        Refused: the city cannot be asked.
    """
    if not wanted.clients:
        return
    for name in sorted(set(wanted.clients) & running.bootstrapped(city)):
        yield (
            f"clients.{name} is in the bootstrap file too, which is applied again at every start "
            "of the city: keep it in one of the two."
        )
    known = {*DESCRIPTIONS, *_named(city)}
    told = {*PLATFORM_AREAS, *(wanted.apis or ())}  # of the platform's the file was judged by
    for name, client in wanted.clients.items():
        for scope in client.scopes:
            if scope not in known and scope.partition(":")[0] not in told:
                near = get_close_matches(scope, known, 1)
                hint = f" Did you mean {near[0]}?" if near else ""
                yield f"clients.{name}.scopes: no attached API has {scope!r} now.{hint}"


def _named(city: Operator) -> Iterator[str]:
    for api in city.call("GET", "/catalogue/v1/apis"):
        yield from api["scopes"]

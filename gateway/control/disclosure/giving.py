"""Making a disclosure: what it opens, for how long, and the token."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.consent.records import Given
from gateway.control.disclosure import records
from gateway.control.disclosure.records import Disclosure
from gateway.control.oauth.clients import Client
from gateway.control.oauth.records import Grant
from gateway.control.state import Control
from schemas.policy import Emergency
from schemas.problem import Fault, Unprocessable
from schemas.purposes import VITAL
from schemas.xcity import LegalClass


@dataclass(frozen=True, slots=True)
class Made:
    """A disclosure that was made.

    Attributes:
        token: opens it, for as long as it lives.
    """

    disclosure: Disclosure
    consents: tuple[Given, ...]
    token: str
    lifetime: int


async def give(
    control: Control,
    connection: AsyncConnection,
    *,
    client: Client,
    resident_id: str,
    datasets: Sequence[str],
    reason: str,
    emergency: Emergency,
    seconds: int,
) -> Made:
    """Write a disclosure and what the audit log has to say of it, and make its token.

    Args:
        seconds: at most; it ends with the emergency anyway.

    Raises:
        Unprocessable: a data set is not about persons, or nothing reads it.
    """
    now = control.now()
    scope = scopes_for(control, datasets)
    until = min(now + seconds, emergency["until"])
    grant = Grant(uuid.uuid4().hex, client.client_id, resident_id, scope, now, until)
    given = tuple(_consent(control, client, grant, dataset) for dataset in datasets)
    disclosure = Disclosure(
        gid=grant.gid,
        client_id=client.client_id,
        resident_id=resident_id,
        emergency=emergency["id"],
        reason=reason,
        datasets=tuple(datasets),
        created=now,
        until=until,
    )
    await records.add(connection, disclosure, grant, given)
    await control.record_about(
        connection, resident_id, client.client_id, "data.disclose", grant.gid,
        datasets=list(disclosure.datasets),
        purpose=VITAL,
        reason=disclosure.reason,
        emergency=disclosure.emergency,
        until=until,
    )  # fmt: skip
    token, lifetime = control.token_maker(now).make(client, scope, grant, given)
    return Made(disclosure, given, token, lifetime)


def scopes_for(control: Control, datasets: Sequence[str]) -> str:
    """What a token needs to read the data sets, and nothing that the reading does not need.

    Raises:
        Unprocessable: one of them is not about persons, or no operation reads it.
    """
    snapshot = control.publisher.current.snapshot
    rules = snapshot.get("datasets", {})
    found: set[str] = set()
    for number, dataset in enumerate(datasets):
        rule = rules.get(dataset)
        reads = [
            route["scopes"][0]
            for route in snapshot["routes"]
            if route["dataset"] == dataset and route["access"] == "personal"
            if route["method"] == "GET" and route["scopes"]
        ]
        if rule is None or rule["legal_class"] != LegalClass.PERSONAL or not reads:
            raise Unprocessable(
                "Only what can be read of a person can be disclosed.",
                faults=[Fault(f"/datasets/{number}", f"{dataset} is no such data set")],
            )
        found.update(scope for some in reads for scope in some)
    return " ".join(sorted(found))


def _consent(control: Control, client: Client, grant: Grant, dataset: str) -> Given:
    rules = control.publisher.current.snapshot.get("datasets", {})
    return Given(
        consent_id=uuid.uuid4().hex,
        gid=grant.gid,
        client_id=client.client_id,
        organisation=client.receiver,
        resident_id=grant.resident_id,
        dataset=dataset,
        domain=rules[dataset]["domain"],
        fields=(),
        purpose=VITAL,
        created=grant.created,
        until=grant.expires,
    )

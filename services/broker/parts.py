"""The broker's parts, put together once (:mod:`services.broker.app`) and found by the routes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from schemas.kit.outbox import Outbox
from schemas.kit.store import Store
from schemas.problem import Unavailable
from services.broker.backlog import Backlog
from services.broker.consent.part import Consents
from services.broker.context.entities import Entities
from services.broker.context.ld.contexts import Contexts
from services.broker.delivery import Deliveries
from services.broker.events.fanout import Fanout
from services.broker.events.groups import Groups
from services.broker.events.inlet import Inlet
from services.broker.events.lags import Lags
from services.broker.events.letters import DeadLetters
from services.broker.events.marks import Marks
from services.broker.log import EventLog, LogUnavailable
from services.broker.metrics import Metrics
from services.broker.registry.audience import Audience
from services.broker.registry.catalogue import Catalogue
from services.broker.registry.registration import Registrar
from services.broker.subscriptions.part import Subscribing
from services.broker.webhooks.part import Webhooks


@dataclass(frozen=True, slots=True)
class Broker:
    """Everything that a request may need."""

    store: Store
    log: EventLog
    outbox: Outbox
    backlog: Backlog
    inlet: Inlet
    fanout: Fanout
    groups: Groups
    entities: Entities
    contexts: Contexts
    metrics: Metrics
    deliveries: Deliveries
    subscribing: Subscribing
    webhooks: Webhooks
    lags: Lags
    letters: DeadLetters
    marks: Marks
    types: Catalogue
    registrar: Registrar
    audience: Audience
    consents: Consents

    async def prepare(self, names: Collection[str]) -> None:
        """Have topics on the log that are about to be read: a type may be younger than a second.

        Raises:
            Unavailable: the log is away.
        """
        try:
            await self.log.ensure([topic for topic in self.fanout.topics if topic.name in names])
        except LogUnavailable as error:
            raise Unavailable(
                "The log cannot be read at the moment.", headers={"retry-after": "5"}
            ) from error


def broker_of(request: Request) -> Broker:
    """The parts of the broker that a request has reached."""
    found = request.app.state.broker
    assert isinstance(found, Broker)  # noqa: S101 - set by create_broker
    return found


async def _broker(request: Request) -> Broker:  # async: FastAPI runs others in a thread
    return broker_of(request)


BrokerDep = Annotated[Broker, Depends(_broker)]

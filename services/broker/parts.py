"""The broker's parts, put together once (:mod:`services.broker.app`) and found by the routes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from schemas.kit.outbox import Outbox
from schemas.kit.store import Store
from services.broker.backlog import Backlog
from services.broker.context.entities import Entities
from services.broker.context.ld.contexts import Contexts
from services.broker.delivery import Deliveries
from services.broker.events.fanout import Fanout
from services.broker.events.groups import Groups
from services.broker.events.inlet import Inlet
from services.broker.log import EventLog
from services.broker.metrics import Metrics
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


async def _broker(request: Request) -> Broker:  # not def: that would run in a thread
    found = request.app.state.broker
    assert isinstance(found, Broker)  # noqa: S101 - set by create_broker
    return found


BrokerDep = Annotated[Broker, Depends(_broker)]

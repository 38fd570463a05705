"""Whose webhooks a call is about."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from schemas.kit.caller import CallerDep
from services.broker.parts import BrokerDep
from services.broker.webhooks.webhook import Owner


async def _owner(caller: CallerDep, broker: BrokerDep) -> Owner:
    return Owner.of(caller, await broker.consents.receivers.standing(caller))


OwnerDep = Annotated[Owner, Depends(_owner)]
"""The caller, and under what they receive."""

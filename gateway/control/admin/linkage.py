"""How many domains of a resident's life may come together in one hand (:mod:`…consent.linkage`)."""

from __future__ import annotations

from fastapi import APIRouter

from gateway.control.consent import linkage
from gateway.control.consent.linkage import Domains, MostDomains
from gateway.control.state import ControlDep
from gateway.control.wire import Wire
from schemas.kit.caller import CallerDep
from schemas.scopes import OPERATOR_CLIENTS
from schemas.xcity import operation

router = APIRouter(tags=["Operators"])


class LinkageLimit(Wire):
    """:class:`gateway.control.consent.linkage.Limit`."""

    most_domains: MostDomains
    watched: Domains


@router.get(
    "/linkage",
    operation_id="getLinkageLimit",
    summary="How much of a resident may come together in one organisation without asking again",
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def get_limit(control: ControlDep) -> LinkageLimit:
    async with control.store.read() as connection:
        limit = await linkage.load(connection)
    return LinkageLimit(most_domains=limit.most_domains, watched=limit.watched)


@router.put(
    "/linkage",
    operation_id="setLinkageLimit",
    summary="Change it; in force for the next consent that is asked for",
    description="A limit that the bootstrap file names is back after a restart.",
    openapi_extra=operation(OPERATOR_CLIENTS),
)
async def set_limit(limit: LinkageLimit, control: ControlDep, caller: CallerDep) -> LinkageLimit:
    wanted = linkage.Limit(most_domains=limit.most_domains, watched=limit.watched)
    async with control.change() as connection:
        await linkage.keep(connection, wanted)
        await control.record(
            connection, caller.actor, "linkage.change", "linkage",
            mostDomains=wanted.most_domains, watched=[list(some) for some in wanted.watched],
        )  # fmt: skip
    return limit

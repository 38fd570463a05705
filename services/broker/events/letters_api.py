"""Dead letters over HTTP: ``/events/v1/dead-letters``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from schemas.kit.caller import Caller, CallerDep
from schemas.problem import Fault, NotFound, Unavailable, Unprocessable
from schemas.scopes import EVENTS_READ, OPERATOR_EVENTS
from schemas.xcity import operation
from services.broker.events.deadletter import DeadLetter
from services.broker.events.letters import Choice
from services.broker.events.visibility import may_see
from services.broker.log import LogUnavailable, Position
from services.broker.parts import Broker, BrokerDep

router = APIRouter(tags=["dead letters"])

LetterId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]
_READ = operation(EVENTS_READ, dataset="city-events")


@router.get(
    "/dead-letters",
    summary="List the events that your groups put aside, or your webhooks never took",
    openapi_extra=_READ,
)
async def list_dead_letters(
    caller: CallerDep,
    broker: BrokerDep,
    after: Annotated[str, Query(max_length=4000)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """`{"deadLetters": […], "cursor": "…"}`, oldest first; give `cursor` as `after` to go on.

    `kind` is `group`, or `webhook` for what was tried for days in vain; `group` is then its id.

    With the scope `operator:events` those of all clients; what is about persons then comes
    without the event and the reason unless the token has `events:personal`.
    """
    try:
        position = Position.parse(after)
    except ValueError as error:
        raise Unprocessable(
            "`after` is no cursor of this list.", faults=[Fault("query after", str(error))]
        ) from error
    async with _reading():
        letters, position = await broker.letters.read(position, limit, _within_reach(caller))
    found = [letter.as_json(whole=_sees(caller, letter)) for letter in letters]
    return {"deadLetters": found, "cursor": str(position)}


@router.get(
    "/dead-letters/{id}",
    summary="Look at an event that was put aside",
    openapi_extra=_READ,
)
async def show_dead_letter(id: LetterId, caller: CallerDep, broker: BrokerDep) -> dict[str, Any]:
    """The event, who gave it up, when and why."""
    letter = await _find(broker, caller, id)
    return letter.as_json(whole=_sees(caller, letter))


@router.post(
    "/dead-letters/{id}/replay",
    summary="Send an event that was put aside to its group, or its webhook, again",
    status_code=202,
    response_class=Response,
    openapi_extra=_READ,
)
async def replay_dead_letter(id: LetterId, caller: CallerDep, broker: BrokerDep) -> Response:
    """The group or webhook gets it again, behind what waits for it, and nobody else does.

    For a group it carries `replayfor`; a webhook knows the message by its id. The letter stays in
    the list, as what happened.
    """
    letter = await _find(broker, caller, id)
    broker.backlog.admit(1)
    if letter.webhook:
        await broker.webhooks.replay.resurrect(letter)
    else:
        await broker.letters.replay(letter)
    broker.metrics.replayed.inc()
    return Response(status_code=202)


def _sees(caller: Caller, letter: DeadLetter) -> bool:
    return may_see(caller, letter.type, letter.legal_class)


def _within_reach(caller: Caller) -> Choice:
    if OPERATOR_EVENTS in caller.scopes:
        return lambda _: True
    return lambda letter: letter.client == caller.client and _sees(caller, letter)


async def _find(broker: Broker, caller: Caller, letter_id: str) -> DeadLetter:
    async with _reading():
        letter = await broker.letters.find(letter_id, _within_reach(caller))
    if letter is None:
        raise NotFound("None of your groups or webhooks has put such an event aside.")
    return letter


@asynccontextmanager
async def _reading() -> AsyncIterator[None]:
    try:
        yield
    except LogUnavailable as error:
        raise Unavailable(
            "The log cannot be read at the moment.", headers={"retry-after": "5"}
        ) from error

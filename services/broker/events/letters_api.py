"""Dead letters over HTTP: ``/events/v1/dead-letters``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from schemas.kit.caller import Caller, CallerDep
from schemas.problem import Fault, NotFound, Unavailable, Unprocessable
from schemas.scopes import EVENTS_READ, OPERATOR_EVENTS
from schemas.xcity import SECURITY_SCHEME, operation
from services.broker.events.deadletter import DeadLetter
from services.broker.events.letters import Choice
from services.broker.events.marks import Mark, mark_of
from services.broker.events.visibility import may_see
from services.broker.log import LogUnavailable, Position
from services.broker.parts import Broker, BrokerDep

router = APIRouter(tags=["dead letters"])

_ID = r"^[0-9a-f-]{36}$"
LetterId = Annotated[str, Path(pattern=_ID)]
_MOST = 500


def _for_clients_and_operators() -> dict[str, Any]:
    """Those who consume events, or the city's operators: either scope is enough."""
    made = operation(EVENTS_READ, dataset="city-events")
    made["security"].append({SECURITY_SCHEME: [OPERATOR_EVENTS]})
    return made


_EITHER = _for_clients_and_operators()


class Chosen(BaseModel):
    ids: list[Annotated[str, Field(pattern=_ID)]] = Field(min_length=1, max_length=_MOST)


class Replayed(BaseModel):
    replayed: list[str] = Field(description="On their way again")
    missing: list[str] = Field(description="Not there any more, or out of reach")


@router.get(
    "/dead-letters",
    summary="List the events that your groups put aside, or your webhooks never took",
    openapi_extra=_EITHER,
)
async def list_dead_letters(
    caller: CallerDep,
    broker: BrokerDep,
    after: Annotated[str, Query(max_length=4000)] = "",
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 100,
) -> dict[str, Any]:
    """`{"deadLetters": […], "cursor": "…"}`, oldest first; give `cursor` as `after` to go on.

    `kind` is `group`, or `webhook` for what was tried for days in vain; `group` is then its id.
    `replayed` is when it was sent again last. Those discarded are left out.

    With the scope `operator:events` those of all clients; what is about persons then comes
    without the event and the reason unless the token has `events:personal`.
    """
    try:
        position = Position.parse(after)
    except ValueError as error:
        raise Unprocessable(
            "`after` is no cursor of this list.", faults=[Fault("query after", str(error))]
        ) from error
    marks = await broker.marks.all()
    async with _reading():
        letters, position = await broker.letters.read(position, limit, _within_reach(caller, marks))
    found = [_shown(caller, letter, marks) for letter in letters]
    return {"deadLetters": found, "cursor": str(position)}


@router.get(
    "/dead-letters/{id}",
    summary="Look at an event that was put aside",
    openapi_extra=_EITHER,
)
async def show_dead_letter(id: LetterId, caller: CallerDep, broker: BrokerDep) -> dict[str, Any]:
    """The event, who gave it up, when and why."""
    return _shown(caller, await _find(broker, caller, id), await broker.marks.all())


@router.post(
    "/dead-letters/replay",
    summary="Send several events that were put aside again",
    status_code=202,
    openapi_extra=_EITHER,
)
async def replay_dead_letters(chosen: Chosen, caller: CallerDep, broker: BrokerDep) -> Replayed:
    """Each to its group or its webhook, as one by one. Those that are not there are named."""
    ids = frozenset(chosen.ids)
    marks = await broker.marks.all()
    async with _reading():
        found = await broker.letters.find_all(ids, _within_reach(caller, marks))
    broker.backlog.admit(len(found))
    sent = [letter for letter in found if await _sent_again(broker, letter)]
    return Replayed(
        replayed=[letter.id for letter in sent],
        missing=sorted(ids - {letter.id for letter in sent}),
    )


@router.post(
    "/dead-letters/{id}/replay",
    summary="Send an event that was put aside to its group, or its webhook, again",
    status_code=202,
    response_class=Response,
    openapi_extra=_EITHER,
)
async def replay_dead_letter(id: LetterId, caller: CallerDep, broker: BrokerDep) -> Response:
    """The group or webhook gets it again, behind what waits for it, and nobody else does.

    For a group it carries `replayfor`; a webhook knows the message by its id. The letter stays in
    the list, as what happened.
    """
    letter = await _find(broker, caller, id)
    broker.backlog.admit(1)
    await _replay(broker, letter)
    return Response(status_code=202)


@router.delete(
    "/dead-letters/{id}",
    summary="Discard an event that was put aside: it is dealt with, and listed no more",
    status_code=204,
    response_class=Response,
    openapi_extra=_EITHER,
)
async def discard_dead_letter(id: LetterId, caller: CallerDep, broker: BrokerDep) -> Response:
    """Put aside once more, the same event is listed again."""
    letter = await _find(broker, caller, id)
    await broker.marks.put([letter], "discarded")
    return Response(status_code=204)


async def _sent_again(broker: Broker, letter: DeadLetter) -> bool:
    try:
        await _replay(broker, letter)
    except NotFound:
        return False  # its webhook is no more
    return True


async def _replay(broker: Broker, letter: DeadLetter) -> None:
    if letter.webhook:
        await broker.webhooks.replay.resurrect(letter)
    else:
        await broker.letters.replay(letter)
    await broker.marks.put([letter], "replayed")
    broker.metrics.replayed.inc()


def _shown(caller: Caller, letter: DeadLetter, marks: Mapping[str, Mark]) -> dict[str, Any]:
    found = letter.as_json(whole=_sees(caller, letter))
    mark = mark_of(letter, marks)
    return {**found, "replayed": mark.at} if mark else found


def _sees(caller: Caller, letter: DeadLetter) -> bool:
    return may_see(caller, letter.type, letter.legal_class)


def _within_reach(caller: Caller, marks: Mapping[str, Mark]) -> Choice:
    everybodys = OPERATOR_EVENTS in caller.scopes

    def reaches(letter: DeadLetter) -> bool:
        mark = mark_of(letter, marks)
        if mark and mark.what == "discarded":
            return False
        return everybodys or (letter.client == caller.client and _sees(caller, letter))

    return reaches


async def _find(broker: Broker, caller: Caller, letter_id: str) -> DeadLetter:
    marks = await broker.marks.all()
    async with _reading():
        letter = await broker.letters.find(letter_id, _within_reach(caller, marks))
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

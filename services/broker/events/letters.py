"""Reading the dead letters, and sending one of them to its group again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from schemas.cloudevents import CloudEvent
from schemas.kit.outbox import Outbox
from services.broker.events.binding import REPLAY, as_message
from services.broker.events.deadletter import TOPIC, DeadLetter, parse_dead_letter
from services.broker.log import EventLog, Position

_PORTION: Final = 500

Choice = Callable[[DeadLetter], bool]


class DeadLetters:
    """The dead-letter topic, as one reads it from the start."""

    def __init__(self, log: EventLog, outbox: Outbox) -> None:
        self._log, self._outbox = log, outbox

    async def read(
        self, after: Position, limit: int, choice: Choice
    ) -> tuple[list[DeadLetter], Position]:
        """Up to ``limit`` letters that ``choice`` takes, oldest first, and where to go on.

        Raises:
            LogUnavailable: the log is away.
        """
        found: list[DeadLetter] = []
        reader = await self._log.reader([TOPIC], after)
        try:
            while len(found) < limit:
                batch = await reader.read(limit=min(_PORTION, limit - len(found)), wait=0.0)
                letters = map(parse_dead_letter, batch.records)
                found += [letter for letter in letters if letter and choice(letter)]
                if not batch.records:
                    break
            return found, reader.position
        finally:
            await reader.close()

    async def find(self, letter_id: str, choice: Choice) -> DeadLetter | None:
        """The letter with an id: the latest, when the same event was given up again."""

        def wanted(letter: DeadLetter) -> bool:
            return letter.id == letter_id and choice(letter)

        latest, position = None, Position()
        while True:
            found, position = await self.read(position, 1, wanted)
            if not found:
                return latest
            latest = found[0]

    async def find_all(self, ids: Collection[str], choice: Choice) -> list[DeadLetter]:
        """Those of the ids, each once, in one reading of the topic."""

        def wanted(letter: DeadLetter) -> bool:
            return letter.id in ids and choice(letter)

        latest: dict[str, DeadLetter] = {}
        position = Position()
        while True:
            found, position = await self.read(position, _PORTION, wanted)
            latest |= {letter.id: letter for letter in found}
            if len(found) < _PORTION:
                return list(latest.values())

    async def replay(self, letter: DeadLetter) -> None:
        """Say the event again on its topic, behind what is there, for the letter's group alone.

        In the outbox when this returns. Whoever else reads the topic knows it by its id.
        """
        event = CloudEvent.model_validate(letter.event)
        message = as_message(event.model_copy(update={REPLAY: letter.group}))
        await self._outbox.say([message])

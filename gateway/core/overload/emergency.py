"""Emergency mode: what an operator's one call changes here, and its end by the clock.

The snapshot says that there is one, until when and how severe (:class:`schemas.policy.Emergency`).
While it is in force the shares of all priorities but life-safety shrink or vanish, routes marked
``reserved`` or ``open`` are served like life-safety, and those marked ``open`` are served to
anybody. It ends at its ``until`` by this worker's own clock, whether or not the control plane is
there to say so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.core.overload.admission import Shares
from gateway.core.policy.check import At
from gateway.core.reply import Refused
from gateway.core.telemetry.telemetry import ANYBODY
from schemas.headers import EMERGENCY
from schemas.policy import LONGEST_EMERGENCY

if TYPE_CHECKING:
    from gateway.core.app import Core
    from gateway.core.exchange import Exchange
    from gateway.core.pipeline import Step
    from gateway.core.policy.policy import Route

SHARES: Final[Mapping[str, Shares]] = {
    "elevated": (0.3, 0.5, 0.7),
    "severe": (0.0, 0.3, 0.5),
    "critical": (0.0, 0.0, 0.3),
}
"""What bulk, normal and essential keep of a server's limit, by level."""
MARKS: Final = ("none", "reserved", "open")


@dataclass(frozen=True, slots=True)
class Emergency:
    """Attributes:
    until: seconds since the epoch.
    field: the ``X-City-Emergency`` line: a structured field (RFC 9651) with a Date.
    """

    id: str
    until: int
    level: str
    field: bytes

    @property
    def shares(self) -> Shares:
        return SHARES[self.level]


def read(at: At | None) -> Emergency | None:
    """The snapshot's ``emergency``.

    Raises:
        Invalid: it cannot be, or would last too long.
    """
    if at is None:
        return None
    since, until = at["since"].whole(), at["until"].whole()
    if not since < until <= since + LONGEST_EMERGENCY:
        raise at["until"].wrong(f"not within {LONGEST_EMERGENCY} s after it began")
    level = at["level"].one_of(*SHARES)
    at["reason"].text()
    said = f"{EMERGENCY}: {level};until=@{until}".encode()
    return Emergency(at["id"].text(), until, level, said)


def unless_open(
    guarded: tuple[Step, ...], opened: Route, ask: Step, waived: Collection[Step]
) -> Step:
    """The one step of a route marked ``open``; other routes pay nothing for it.

    In an emergency a client that has a good token is known and limited as always, and needs no
    scope. Whoever has none, or one that ran out while the control plane is away, is anybody.

    Args:
        guarded: the route's steps when there is no emergency.
        opened: the route as anybody may call it.
        ask: the step of ``guarded`` that asks for the token.
        waived: its steps that nobody need pass in an emergency.
    """
    known = tuple(step for step in guarded if step is not ask and step not in waived)

    def step(core: Core, exchange: Exchange) -> None:
        emergency = core.overload.emergency
        if emergency is None:
            way = guarded
        elif _is_known(core, exchange, ask):
            way = known
        else:
            exchange.route, exchange.stats = opened, opened.stats[ANYBODY]
            way = opened.steps
        for one in way:
            one(core, exchange)
        if emergency is not None:
            exchange.rate_fields += b"\r\n" + emergency.field

    return step


def _is_known(core: Core, exchange: Exchange, ask: Step) -> bool:
    try:
        ask(core, exchange)
    except Refused:
        return False
    return True

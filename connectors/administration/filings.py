"""A resident's filing and the states it goes through::

received → in-review → accepted
    │          └─────→ returned   (with a reason; the resident files anew)
    └────────────────→ returned
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from pydantic import AwareDatetime, Field, field_validator

from schemas.administration import FilingState
from schemas.ngsild import Value
from schemas.problem import Conflict, Fault, Unprocessable

NEXT: Final[Mapping[FilingState, tuple[FilingState, ...]]] = {
    "received": ("in-review", "returned"),
    "in-review": ("accepted", "returned"),
    "accepted": (),
    "returned": (),
}
FINAL: Final = tuple(state for state, following in NEXT.items() if not following)


class NewFiling(Value):
    """What a resident files: a procedure's id, and its fields filled in."""

    procedure: str = Field(min_length=1, max_length=60)
    fields: dict[str, Any]

    @field_validator("fields")
    @classmethod
    def _is_json(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """Refuse what JSON readers differ on: NaN, lone surrogates, numbers beyond 64 bits."""
        try:
            same = orjson.loads(orjson.dumps(fields)) == fields
        except (orjson.JSONEncodeError, RecursionError) as error:
            raise ValueError("not interoperable JSON (RFC 7493)") from error
        if not same:
            raise ValueError("not interoperable JSON (RFC 7493)")
        return fields


class Decision(Value):
    """What the office does with a filing.

    Attributes:
        note: to the resident; needed when it is returned.
    """

    state: FilingState
    note: str = Field(default="", max_length=2000)


class Step(Value):
    """When a filing reached a state."""

    state: FilingState
    at: AwareDatetime
    note: str = ""


class Filing(Value):
    """A filing as its resident and the office see it."""

    id: str
    procedure: str
    state: FilingState
    fields: dict[str, Any]
    filed_at: AwareDatetime
    history: tuple[Step, ...]


def check(now: FilingState, decision: Decision) -> None:
    """Whether a filing may go from ``now`` to the decision's state.

    Raises:
        Conflict: it may not.
        Unprocessable: it is returned without a reason.
    """
    if decision.state not in NEXT[now]:
        allowed = " or ".join(NEXT[now]) or "nothing more"
        raise Conflict(f"A filing that is {now} becomes {allowed}, not {decision.state}.")
    if decision.state == "returned" and not decision.note.strip():
        fault = Fault("/note", "A filing is returned with a reason.", "Say what to do about it.")
        raise Unprocessable("The decision is not complete.", faults=[fault])

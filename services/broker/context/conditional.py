"""Conditional requests (RFC 9110 §13): who has an ETag changes only what they have seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import orjson

from schemas.problem import Problem
from services.broker.context.model import ContextEntity
from services.broker.context.params import Params

_BYTES: Final = 9


def etag(entity: ContextEntity, params: Params) -> str:
    """The tag of an entity's state in one representation of it: ``"<state>-<representation>"``."""
    given = tuple(sorted(params.given.items()))
    return f'"{_state(entity)}-{_representation(params.media, params.context.link, given)}"'


@lru_cache(maxsize=512)
def _representation(*said: object) -> str:
    return _digest(said)


def _state(entity: ContextEntity) -> str:
    return _digest([entity.types, entity.scope, entity.expires, entity.attributes])


def _digest(value: object) -> str:
    return blake2b(orjson.dumps(value), digest_size=_BYTES).hexdigest()


@dataclass(frozen=True, slots=True)
class Preconditions:
    """What has to be true of an entity before a request changes it.

    Attributes:
        match, none_match: tags, or ``*``; None when the request says nothing.
    """

    match: frozenset[str] | None = None
    none_match: frozenset[str] | None = None

    def check(self, entity: ContextEntity) -> None:
        """Let the change happen.

        A tag names a state, whichever representation of it the caller has read.

        Raises:
            Problem: 412; the entity is in another state.
        """
        if self.match is None and self.none_match is None:
            return
        here = {"*", _state(entity)}
        missed = self.match is not None and here.isdisjoint(self.match)
        met = self.none_match is not None and not here.isdisjoint(self.none_match)
        if missed or met:
            raise _failed(entity.id)


ANY: Final = Preconditions()
"""Whatever state it is in."""


def preconditions(headers: Mapping[str, str]) -> Preconditions:
    """The preconditions in a request's header fields.

    Args:
        headers: names in lower case.
    """
    return Preconditions(
        _states(headers.get("if-match")), _states(headers.get("if-none-match"), weak=True)
    )


def has_it(headers: Mapping[str, str], tag: str) -> bool:
    """Whether the caller of a GET has that answer already (RFC 9110 §13.1.2)."""
    asked = headers.get("if-none-match", "")
    if not asked:
        return False
    tags = {part.strip().removeprefix("W/") for part in asked.split(",")}
    return tag in tags or "*" in tags


def _states(field: str | None, *, weak: bool = False) -> frozenset[str] | None:
    if field is None:
        return None
    tags = (part.strip() for part in field.split(","))
    if weak:
        tags = (tag.removeprefix("W/") for tag in tags)
    # a weak tag matches no strong one (RFC 9110 §13.1.1): what begins with W/ stays what it is
    return frozenset(
        tag if tag == "*" or tag.startswith("W/") else tag.strip('"').partition("-")[0]
        for tag in tags
    )


def _failed(id_: str) -> Problem:
    return Problem(
        f"{id_} is not in the state that the request names; read it again, and decide again.",
        status=412,
        slug="precondition-failed",
        title="The entity has changed",
    )

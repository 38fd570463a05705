"""What is delivered, and what is known of where it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.kit.outgoing.model import DEFAULT_TIMEOUT, Request


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message for one endpoint.

    Attributes:
        endpoint: whose counters, circuit and order it belongs to: ``<kind>:<name>``, at most 300
            characters.
        url: where to; may stay empty when the kind has a :class:`Preparer`.
        body: what to send, by POST.
        headers: header fields to send with it.
        message: its identity, at most 100 characters; an endpoint gets a message once, however
            often it is enqueued. Random when left out.
        key: those of one key arrive in order; empty for no order.
        timeout: seconds for one try, at most 30.
        expires: seconds since the epoch after which it is not tried any more.
        keep: seconds for which it stays listed once it is finished, without its body.
        about: what a preparer needs to know of the content.
    """

    endpoint: str
    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = field(default_factory=lambda: uuid4().hex)
    key: str = ""
    timeout: float = DEFAULT_TIMEOUT
    expires: float | None = None
    keep: int = 0
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery in hand, about to be sent.

    Attributes:
        id: its row.
        tries: how often it was tried before.
        attempts: what came of these; see :class:`Attempt`.
    """

    id: int
    delivery: Delivery
    created: float
    tries: int = 0
    attempts: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Drop:
    """Not to be sent, and why: what the receiver may no longer see, for one."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Not to be sent now, and not to be given up: the endpoint changed a moment ago."""


Prepare = Callable[[Waiting], Request | Drop | Hold]
"""What to send, decided at the moment of sending."""


class Preparer(Protocol):
    """Decides for the endpoints of one kind what is sent, each time it is sent."""

    async def __call__(self, endpoints: Sequence[str]) -> Mapping[str, Prepare]:
        """What to do for each of the endpoints; one that is left out is gone, with what waits."""
        ...


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A message that no try delivered.

    Attributes:
        tries: how many there were.
        error: of the last one.
    """

    delivery: Delivery
    tries: int
    error: str


class Mourner(Protocol):
    """Is told of the messages of one kind of endpoint that were given up."""

    async def __call__(self, connection: AsyncConnection, found: Sequence[GivenUp]) -> None:
        """Do what is to be done, in the very transaction that notes it."""
        ...


def as_it_is(waiting: Waiting) -> Request:
    """Sends a delivery as it was enqueued: what kinds without a preparer do."""
    found = waiting.delivery
    return Request(found.url, found.body, found.headers, found.timeout)


@dataclass(frozen=True, slots=True)
class EndpointStatus:
    """How an endpoint does; times in seconds since the epoch.

    Attributes:
        sent: tries, whatever came of them.
        failed: tries that failed.
        failures: those in a row until now; 0 when the last try went well.
        open_until: until when nothing is tried, because it kept failing.
        disabled: why nothing is sent until somebody enables it again; empty when it is not.
    """

    sent: int = 0
    failed: int = 0
    last_sent: float | None = None
    last_success: float | None = None
    last_failure: float | None = None
    last_error: str = ""
    failures: int = 0
    open_until: float = 0.0
    disabled: str = ""

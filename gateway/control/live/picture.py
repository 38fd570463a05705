"""The city at one moment, in an operator's words: what the rules judge and the pages show."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.control.live.told import Told
from gateway.control.live.traffic import History, Traffic
from schemas.policy import EmergencyLevel


@dataclass(frozen=True, slots=True)
class Domain(Told):
    """One domain of the city, over all of its APIs."""

    name: str
    apis: tuple[str, ...]
    traffic: Traffic
    history: History


@dataclass(frozen=True, slots=True)
class Upstream(Told):
    """One API behind the gateway.

    Attributes:
        server: where it listens; several APIs may share one.
    in_hand, limit: requests that this server has, and may have.
        waiting: requests that wait for a connection to it.
        circuit: gateway workers that ask it no more for the moment.
        out: gateway workers that pass over an address of it, all addresses together.
        document: how its document stands.
        failing: routes with most errors lately.
    """

    name: str
    domain: str
    traffic: Traffic
    server: str = ""
    in_hand: float = 0.0
    limit: float = 0.0
    waiting: float = 0.0
    circuit: float = 0.0
    out: float = 0.0
    document: str = ""
    failing: tuple[str, ...] = ()

    @property
    def saturation(self) -> float:
        return self.in_hand / self.limit if self.limit else 0.0


@dataclass(frozen=True, slots=True)
class Process(Told):
    """One process.

    Attributes:
        silent: seconds since it last answered; ``took`` seconds for its last answer.
    """

    part: str
    address: str
    silent: float
    took: float
    error: str


@dataclass(frozen=True, slots=True)
class Lag(Told):
    client: str
    group: str
    records: float


@dataclass(frozen=True, slots=True)
class Broker(Told):
    """Attributes:
    known: whether it said anything.
    outbox_age: seconds that the oldest message for the log has waited.
    untold: changes that subscribers are still to be told of.
    delivery_age: seconds that the oldest message has waited for its receiver.
    consents_age: seconds since the control plane said which consents ended.
    dead_letters, given_up: of the last hour.
    retries: of the last hour, by consumers inside and to receivers.
    """

    known: bool = False
    log_reachable: bool = True
    outbox_messages: float = 0.0
    outbox_age: float = 0.0
    untold: float = 0.0
    lags: tuple[Lag, ...] = ()
    streams: float = 0.0
    delivery_waiting: float = 0.0
    delivery_age: float = 0.0
    delivery_circuits: float = 0.0
    consents_age: float = 0.0
    events_per_second: float = 0.0
    dead_letters: float = 0.0
    given_up: float = 0.0
    retries: float = 0.0


@dataclass(frozen=True, slots=True)
class Feed(Told):
    """One feed of a connector.

    Attributes:
        age: seconds since it was last read well, or since its process began.
        interval: seconds between two looks; 0 where documents are pushed.
        failing: seconds for which it has not been read well.
        rests: whether its holder is left alone for a while (the breaker is open).
        failures: of the last hour.
    """

    domain: str
    name: str
    age: float
    interval: float
    failing: float
    rests: bool
    failures: float


@dataclass(frozen=True, slots=True)
class Waiting(Told):
    """What a part has to say and the broker has not taken yet."""

    part: str
    messages: float
    age: float


@dataclass(frozen=True, slots=True)
class Used(Told):
    """A client's quota of the day. ``route`` is empty for the one over all routes."""

    client: str
    route: str
    ratio: float


@dataclass(frozen=True, slots=True)
class Gateway(Told):
    """Attributes:
    shed: requests a second turned away, by priority.
    policy_age: seconds since the control plane confirmed the policy, of the worker worst off.
    trail_waiting, trail_age: accesses not yet in the audit log; seconds of the oldest.
    trail_broken: workers that cannot write their journal and refuse personal data.
    certificate_days: until the certificate in use ends; None where there is none.
    emergency_workers: in which an emergency is in force.
    """

    workers: float = 0.0
    connections: float = 0.0
    in_flight: float = 0.0
    loop_lag: float = 0.0
    shed: tuple[tuple[str, float], ...] = ()
    policy_age: float = 0.0
    trail_waiting: float = 0.0
    trail_age: float = 0.0
    trail_broken: float = 0.0
    certificate_days: float | None = None
    emergency_workers: float = 0.0


@dataclass(frozen=True, slots=True)
class InForce(Told):
    """An emergency; times in seconds since the epoch."""

    level: EmergencyLevel
    since: float
    until: float
    reason: str


@dataclass(frozen=True, slots=True)
class Picture(Told):
    """Attributes:
    at: seconds since the epoch.
    seconds: over which rates are averaged; 0 before the second look.
    lost: parts of which no process can be found, with why.
    following: whether the evacuation service follows alerts; None where it says nothing.
    """

    at: float
    seconds: float
    gateway: Gateway
    domains: tuple[Domain, ...] = ()
    upstreams: tuple[Upstream, ...] = ()
    processes: tuple[Process, ...] = ()
    lost: tuple[tuple[str, str], ...] = ()
    broker: Broker = field(default_factory=Broker)
    feeds: tuple[Feed, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    quotas: tuple[Used, ...] = ()
    notices_waiting: float = 0.0
    notices_age: float = 0.0
    following: bool | None = None
    emergency: InForce | None = None

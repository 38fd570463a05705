"""What is in force: a policy snapshot as the tables that requests are looked up in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, cast

from gateway.core.access.keys import Key
from gateway.core.access.limits import Rate
from gateway.core.access.quotas import Quota
from gateway.core.caching.shelf import Owner
from gateway.core.consent.dataset import Dataset
from gateway.core.overload.admission import Load
from gateway.core.overload.emergency import Emergency
from gateway.core.pipeline import Step
from gateway.core.policy.routing import Table
from gateway.core.reply import Reply
from gateway.core.slices import Work, emptied
from gateway.core.telemetry.telemetry import Series
from gateway.core.upstreams.upstream import Upstream
from schemas import policy as wire

if TYPE_CHECKING:
    from gateway.core.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client. ``kind`` is its class: the only thing about it that labels a metric."""

    id: str
    kind: str
    rate: Rate
    suspended: bool
    quota: Quota | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One compiled :class:`schemas.policy.Route`.

    Attributes:
        path: the public path, as a template; ``segments``: its parts, None for a parameter.
        strip: leading segments of the path that the upstream does not know.
        subject: which segment names the resident, -1 if none does.
        scopes: alternatives, each to be held whole.
        steps: what a request passes on it; see :mod:`gateway.core.pipeline`.
        send: where it goes then: to the upstream, or to a cache before it.
        stats: counters by client class.
        load: what it puts on its server, and its order among others.
        dataset: what its answers are of, in the catalogue.
        forbidden, too_large: the refusals of this route, made beforehand.
    """

    id: str
    method: bytes
    path: str
    segments: tuple[bytes | None, ...]
    upstream: Upstream
    strip: int
    access: str
    scopes: tuple[frozenset[str], ...]
    subject: int
    priority: str
    rate: Rate | None
    max_body: int
    stream: bool
    steps: tuple[Step, ...]
    send: Callable[[Exchange], None]
    stats: Series
    load: Load
    forbidden: Reply
    too_large: Reply
    quota: Quota | None = None
    dataset: str = ""

    def start(self, path: bytes, query: bytes) -> bytes:
        """What a request for ``path`` begins with on its way upstream, up to the ``Host``.

        HEAD where there is only GET is asked as GET: many APIs know no HEAD.
        """
        if self.strip:
            path = b"/" + b"/".join(path.split(b"/")[self.strip + 1 :])
        return b"%b %b%b HTTP/1.1\r\nhost: " % (self.method, path, query)


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """All that is in force; replaced by one assignment, never changed.

    Attributes:
        scheme: of the public URL, for ``X-Forwarded-Proto``.
        base: the public URL, to which paths are added.
        metadata: where it is described as a protected resource (RFC 9728).
        datasets: what the law calls them, and where their fields are.
        zone: whose days quotas are counted by.
        kept: the routes whose answers are kept.
        purged: see :class:`schemas.policy.Snapshot`.
        emergency: the one that was declared; whether it still holds, ``core/overload/overload.py``
            knows.
    """

    revision: str
    issuer: str
    audience: str
    scheme: bytes
    base: str
    metadata: bytes
    keys: Mapping[str, Key]
    clients: dict[str, Client]
    revoked: wire.Revocations
    open_rate: Rate
    upstreams: Mapping[str, Upstream]
    table: Table[Route]
    kept: Set[Owner]
    purged: Mapping[str, int]
    datasets: Mapping[str, Dataset]
    emergency: Emergency | None = None
    zone: tzinfo = UTC

    def let_go(self) -> Work[None]:
        """Free what is in it, in steps, once nothing is decided by it any more.

        What still names it (a remembered request line, say) then keeps next to nothing alive.
        """
        revoked = self.revoked
        for heavy in (self.clients, *revoked.values()):
            yield from emptied(cast(dict[str, object], heavy))
        yield from self.table.fell()

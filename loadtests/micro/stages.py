"""The stages of a request, each as a call that can be repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from time import monotonic

from gateway.core import pipeline
from gateway.core.access.tokens import Tokens
from gateway.core.app import Core
from gateway.core.exchange import Exchange
from gateway.core.http.answer import Answer, heads, read
from gateway.core.http.body import WHOLE
from gateway.core.http.head import Fields
from gateway.core.http.target import RequestLine
from gateway.core.overload.admission import share_capacity
from gateway.core.policy.compiler import Surroundings, compile_policy
from loadtests.micro.wires import ANSWER, BODY, Wired
from loadtests.peers import ours

Stage = tuple[str, str, Callable[[], object]]
ROUTES = (10, 1_000, 10_000)


def stages(wired: Wired) -> Iterator[Stage]:
    """Name, what it is, and the call; what was seen before, then what was not."""
    core = wired.core
    turn = cycle(wired.heads)
    yield "whole", "request in, request out, answer in, answer out", lambda: wired.once(next(turn))
    post = wired.post(1_024)
    yield "whole, POST", "the same with 1 KB of content", lambda: wired.once(post)
    kept = wired.kept()
    yield "cache hit", "an open read, all of it", lambda: wired.client.data_received(kept)
    yield from _personal(wired)
    first, block = split(wired.heads[0])
    line, fields, _ = core.head(first, block)
    exchange = Exchange(core, wired.client, line, fields, monotonic())
    yield "parse", "request line and header section, seen before", lambda: core.head(first, block)
    yield "parse, new", "never seen", lambda: (RequestLine(first), Fields(block))
    yield (
        "exchange",
        "the object that goes through the stages",
        lambda: Exchange(core, wired.client, line, fields, 0.0),
    )
    yield "route", "remembered by its request line", lambda: pipeline.find_route(core, exchange)
    yield from _lookups(core)
    pipeline.find_route(core, exchange)
    yield "token", "seen before", lambda: pipeline.authenticate(core, exchange)
    yield "token, new", "ES256, verified", _verified(wired, fields.token)
    yield "limits", "the client's bucket and its fields", _limited(wired, exchange)
    yield "scope", "held or not", lambda: pipeline.authorise(core, exchange)
    yield "room", "a place under the server's limit, taken and given back", _placed(core, exchange)
    yield "upstream", "the request as it goes out", exchange.outgoing
    yield from _answers(exchange)
    yield "telemetry", "count and histogram", lambda: exchange.stats.observe(200, 0.002)


def _personal(wired: Wired) -> Iterator[Stage]:
    """Reads of a resident's own data: all of it, and what the proof alone costs."""
    few = 256  # each is new to the parser's memory, and to that of used proofs
    for alg in ("RS256", "ES256"):
        turn = cycle(wired.personal(alg, few))
        about = f"with consent and a proof, {alg}, all of it"
        yield f"personal, {alg}", about, lambda turn=turn: wired.once(next(turn))  # type: ignore[misc]
    bearer = cycle(wired.personal("RS256", few, "name"))
    yield (
        "personal, some fields",
        "the same as the first, its answer limited",
        lambda: wired.once(next(bearer)),
    )


def split(head: bytes) -> tuple[bytes, bytes]:
    """Request line and header section of ``head``."""
    first, _, rest = head.partition(b"\r\n")
    return first, rest[:-2]


def _answers(exchange: Exchange) -> Iterator[Stage]:
    head = ANSWER[: -len(BODY) - 4]
    read(head)

    def begin() -> None:
        exchange.begin_answer(heads.young.get(head) or read(head), WHOLE, BODY)

    yield "reply", "the answer's head, seen before, and its content, out", begin
    yield "reply, new", "the head of an answer whose lines alone were seen", lambda: Answer(head)


def _limited(wired: Wired, exchange: Exchange) -> Callable[[], object]:
    def limited() -> None:
        exchange.began = monotonic()
        pipeline.limit_client(wired.core, exchange)

    return limited


def _placed(core: Core, exchange: Exchange) -> Callable[[], object]:
    exchange.admitted, exchange.status = True, 200

    def placed() -> None:
        share_capacity(core, exchange)
        exchange.route.load.ended(exchange, 0.002)

    return placed


def _verified(wired: Wired, token: bytes) -> Callable[[], object]:
    policy = wired.core.policy
    assert policy is not None
    pseudonyms, now = wired.core.pseudonyms, wired.core.config.now
    return lambda: Tokens(pseudonyms, 10, now).grant(token, policy, "", 0.0)


def _lookups(core: Core) -> Iterator[Stage]:
    """A path with a parameter, looked up among more and more routes."""
    policy = core.policy
    assert policy is not None
    upstream = next(iter(policy.upstreams.values()))
    for number in ROUTES:
        loads = core.overload.loads()
        around = Surroundings(lambda *_: upstream, core.telemetry.of, 1, loads, core.cache)
        template = ours.policy(9, [])
        one = template["routes"][1] | {"access": "open", "scopes": []}
        template["routes"] = [
            one | {"id": f"r{at}", "path": f"/mobility/v1/c{at}/{{id}}"} for at in range(number)
        ]
        table = compile_policy(template, around).table
        segments = [b"mobility", b"v1", b"c%d" % (number // 2), b"7"]
        yield f"route, of {number:,}", "looked up", partial(table.find, segments)

"""An answer that is limited to what was consented to, whoever the API behind is.

The API is asked for all of it, plainly: no ranges, no codings, no conditions. What it answers is
gathered, and what of it may pass is sent. An answer that cannot be limited is not let through:
what is not JSON, what is longer than :data:`MOST`. Its own problem details are. Of its header
fields only those pass that say nothing of the rest: a validator, a digest or a length of the whole
would be a way to guess at it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import orjson

from gateway.core.consent.tree import Tree, limited
from gateway.core.http.answer import Answer
from gateway.core.http.body import WHOLE, Body, Sized
from gateway.core.reply import Reply, reply

if TYPE_CHECKING:
    from gateway.core.exchange import Exchange

MOST: Final = 1_048_576
"""Bytes of an answer that is limited."""
_PARTS: Final = re.compile(rb"(?im)^(?:accept-encoding|range|if-range):.*\r\n")
"""Fields of a request with which parts or codings of the whole are asked for."""
_STATES: Final = re.compile(
    rb"(?im)^if-(?:match|none-match|modified-since|unmodified-since):.*\r\n"
)
"""Fields with which the whole could be guessed at; what guards a change against another stays."""
_PASSED: Final = frozenset(
    b"content-type content-language date location link allow retry-after deprecation sunset "
    b"preference-applied".split()
)
_OWN: Final = (b"cache-control: private, no-store", b"vary: authorization, city-purpose")
_JSON: Final = re.compile(rb"application/(?:[a-z0-9.+-]+\+)?json[ \t]*(?:;.*)?", re.IGNORECASE)
_PROBLEM: Final = re.compile(rb"application/problem\+json[ \t]*(?:;.*)?", re.IGNORECASE)


def _refusal(slug: str, why: str) -> Reply:
    return reply(
        502, slug, "The answer could not be limited to what was consented to",
        f"The resident has consented to some fields of this data set. {why} "
        "So nothing of it is passed on.",
    )  # fmt: skip


NOT_JSON: Final = _refusal("answer-not-json", "The API behind did not answer with plain JSON.")
TOO_LONG: Final = _refusal(
    "answer-too-long", f"The API behind answered with more than {MOST} bytes. Ask for less at once."
)


def asked_plainly(fields: bytes, *, safe: bool) -> bytes:
    """The client's fields as the API gets them: it is asked for all, as it is.

    Args:
        safe: the method changes nothing.
    """
    if safe:
        fields = _STATES.sub(b"", fields)
    return _PARTS.sub(b"", fields) + b"accept-encoding: identity\r\n"


class Limited:
    """Gathers the answer of one exchange, and lets pass what ``tree`` does."""

    __slots__ = ("_answer", "_pieces", "_size", "_tree")

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._pieces: list[bytes] = []
        self._size = 0
        self._answer: Answer | None = None

    def begin(self, exchange: Exchange, answer: Answer, body: Body, content: bytes) -> None:
        """The head of an answer, and what of its content came with it."""
        kind, plain = _kind(answer)
        if answer.status >= 400 and plain and _PROBLEM.fullmatch(kind):
            exchange.limit = None
            exchange.begin_answer(answer, body, content)
            return
        whole = answer.status < 300 and answer.status != 206
        readable = (plain and _JSON.fullmatch(kind)) or (body.done and not content)
        if not (whole and readable):
            _refuse(exchange, NOT_JSON)
            return
        self._answer, self._pieces, self._size = answer, [], 0
        self.go_on(exchange, body, content)

    def go_on(self, exchange: Exchange, body: Body, content: bytes) -> None:
        """More of it."""
        self._pieces.append(content)
        self._size += len(content)
        if self._size > MOST:
            _refuse(exchange, TOO_LONG)
        elif body.done:
            self._pass(exchange, b"".join(self._pieces))

    def _pass(self, exchange: Exchange, content: bytes) -> None:
        answer = self._answer
        assert answer is not None  # noqa: S101 - or there would be no content
        try:
            content = self._limit(content) if content else b""
        except (ValueError, RecursionError):
            _refuse(exchange, NOT_JSON)
            return
        exchange.limit = None
        body = WHOLE if not exchange.is_head and answer.status != 204 else Sized(0)
        exchange.begin_answer(_head(answer, content), body, content)

    def _limit(self, content: bytes) -> bytes:
        value = orjson.loads(content)
        if not isinstance(value, dict | list):
            raise ValueError("neither an object nor an array")  # noqa: TRY004
        return orjson.dumps(limited(value, self._tree))


def _kind(answer: Answer) -> tuple[bytes, bool]:
    """The content type, and whether the content is as it is: in no coding."""
    kind, plain = b"", True
    for line in answer.lines[1:]:
        name, _, value = line.partition(b":")
        lower = name.lower()
        if lower == b"content-type":
            kind = value.strip(b" \t")
        elif lower == b"content-encoding":
            plain = value.strip(b" \t").lower() == b"identity"
    return kind, plain


def _head(answer: Answer, content: bytes) -> Answer:
    passed = [line for line in answer.lines[1:] if line.partition(b":")[0].lower() in _PASSED]
    length = [] if answer.status == 204 else [b"content-length: %d" % len(content)]
    return Answer(b"\r\n".join((answer.lines[0], *passed, *_OWN, *length)))


def _refuse(exchange: Exchange, answer: Reply) -> None:
    connection = exchange.connection
    if connection is not None:
        connection.abandon()  # whatever is still to come of it
    exchange.fail(answer, "unlimited")

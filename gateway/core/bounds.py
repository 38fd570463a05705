"""Every bound of the core in one place: sizes in bytes, times in seconds, numbers of things.

Nothing a client or an upstream does is without one of these. Sizes that the grammar is checked
against are constants; times and counts are an object, so that a deployment or a test may choose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HEAD_BYTES: Final = 32_768
"""Request line and header fields together; more is 431."""
TARGET_BYTES: Final = 8_192
"""Path and query; more is 414 (RFC 9110 §4.1 asks for at least 8000)."""
LINE_BYTES: Final = TARGET_BYTES + 64
"""A request line; more is 414."""
FIELDS: Final = 100
"""Header fields of one request; more is 431."""
TOKEN_BYTES: Final = 8_192
"""An access token; more is 401 without a look at it."""
ANSWER_HEAD_BYTES: Final = 65_536
"""Head of an upstream's answer; more is 502."""
TRAILER_BYTES: Final = 8_192
"""Trailer section of a chunked body, either way."""
CHUNK_LINE_BYTES: Final = 256
"""Chunk size with its extensions."""
PIPELINED_BYTES: Final = 65_536
"""What is read ahead of the request in hand; then the connection is not read from."""
PASSED_OVER_BYTES: Final = 65_536
"""Body of a refused request that is read over so that its connection may go on."""
PIPELINED_TURNS: Final = 32
"""Requests of one connection answered in one go before others have their turn."""
CACHED_LINE_BYTES: Final = 256
"""Request lines longer than this are parsed each time."""
CACHED_HEAD_BYTES: Final = 4_096
"""Header sections longer than this are parsed each time."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Times and counts of one worker.

    Attributes:
        head: from a request's first byte to the end of its head (slow-header attacks), then 408.
        body: grace for a request body, to which ``1 / body_rate`` a byte is added; then 408.
        body_rate: bytes per second that a body must keep up on average.
        continue_after: how long an upstream may leave a client waiting for ``100 Continue``; then
            the core says it.
        upgrade_idle: silence both ways that ends a connection which speaks another protocol.
        keep_alive: how long a connection may rest between two requests.
        stall: how long a client may refuse to read its answer.
        linger: after the last answer, how long what the client still sends is read and dropped,
            so that the answer is not destroyed by a reset.
        upstream_rest: how long an upstream connection is kept unused. Shorter than the 5 s after
            which common servers close theirs, so that the race is rare.
        upstream_fresh: a request that must not be sent twice only goes out on a connection that
            rested no longer than this.
        down: how long an address that refused a connection, or failed again and again, is passed
            over; twice as long each time, up to ``longest_down``.
        eject_after: failures in a row after which it is; window, sample: or when half of what it
            answers in so many seconds is errors, of so many answers at least, and others do better.
        slow_return: seconds in which it comes back to its full share.
        probe, probe_timeout: how often an API that names a health path is asked, and for how long.
        tries: addresses that one exchange is sent to, or connected to, at most.
        retry_ratio, retry_reserve: retries per request, and how many are in reserve.
        break_after: failed exchanges in a row that open an upstream's circuit (or half of
            ``sample``); open: for so long, twice as long each time, up to ``longest_open``.
        resolve, lookup: how often names of upstreams are looked up, and for how long.
        tick: resolution of all of these.
        connections: client connections of one worker; one more is told 503.
        handshakes: TLS handshakes of one worker in progress, which are no client connections yet;
            what comes beyond is reset.
        heads, tokens: entries remembered of parsed request lines and header sections, each; and
            of verified tokens.
        buckets: rate-limit buckets of one worker.
        series: label sets of the metrics; what comes later is counted as ``other``.
        usage: pairs of client and route counted between two reports; later ones as ``other``.
        least_concurrency: requests at a time that an upstream is given at least, however slow.
        patience: an upstream that on average answers within this is not slow, whatever is usual;
            a limit comes down when it takes twice as long, and twice as long as usual.
        log_lines: access-log lines waiting to be written; more are dropped and counted.
        cache_bytes, cache_entries: kept answers of one worker, and the questions they answer.
        cache_object, cache_variants: bytes of one kept answer; answers to one question (``Vary``).
        cache_waiting: who may wait for the same upstream call; more go by themselves.
        cache_pass: how long it is remembered that an answer is not to be kept.
        cache_retry: after an upstream failed and something stale was used, when it is asked again.
        cache_patience: how slow it may be before something stale is used instead.
    """

    head: float = 10.0
    body: float = 30.0
    body_rate: float = 1_024.0
    continue_after: float = 1.0
    upgrade_idle: float = 300.0
    keep_alive: float = 75.0
    stall: float = 60.0
    linger: float = 2.0
    upstream_rest: float = 3.0
    upstream_fresh: float = 1.0
    down: float = 1.0
    longest_down: float = 30.0
    eject_after: int = 5
    window: float = 10.0
    sample: int = 20
    slow_return: float = 10.0
    probe: float = 5.0
    probe_timeout: float = 2.0
    tries: int = 3
    retry_ratio: float = 0.2
    retry_reserve: float = 20.0
    break_after: int = 5
    open: float = 1.0
    longest_open: float = 5.0
    resolve: float = 10.0
    lookup: float = 5.0
    tick: float = 0.1
    connections: int = 10_000
    handshakes: int = 1_000
    heads: int = 4_096
    tokens: int = 50_000
    buckets: int = 100_000
    series: int = 10_000
    usage: int = 10_000
    least_concurrency: int = 10
    patience: float = 0.15
    log_lines: int = 100_000
    cache_bytes: int = 67_108_864
    cache_entries: int = 20_000
    cache_object: int = 1_048_576
    cache_variants: int = 8
    cache_waiting: int = 512
    cache_pass: float = 5.0
    cache_retry: float = 1.0
    cache_patience: float = 2.0

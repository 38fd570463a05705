"""Several requests on one connection, some of which try to be more than they are."""

from __future__ import annotations

from tests.gateway.core.corpus.case import (
    CHUNKED,
    GET,
    HOST,
    POST,
    Case,
    Seen,
    answered,
    got,
    passed,
    posted,
    refused,
)

_ONE = GET + HOST + b"\r\n"
_INNER = b"GET /echo/smuggled HTTP/1.1\r\n" + HOST + b"\r\n"
_SIZED = POST + b"Content-Length: %d\r\n\r\n"
_SECRET = b"POST /stops HTTP/1.1\r\n" + HOST
_LAST = b"0\r\n\r\n"

CASES: list[Case] = [
    passed("two requests", _ONE + _INNER, got(), got("/echo/smuggled")),
    passed("twenty requests", _ONE * 20, *[got()] * 20),
    passed("a request as content by length", _SIZED % len(_INNER) + _INNER, posted(_INNER)),
    passed(
        "a request as content by length, and another", _SIZED % len(_INNER) + _INNER + _ONE,
        posted(_INNER), got(),
    ),
    passed(
        "a request as content of GET",
        GET + HOST + b"Content-Length: %d\r\n\r\n" % len(_INNER) + _INNER,
        Seen("GET", "/open", _INNER),
    ),
    passed(
        "a request as content of HEAD",
        b"HEAD /open HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(_INNER) + _INNER,
        Seen("GET", "/open", _INNER),
    ),
    passed(
        "a request as one chunk", CHUNKED + b"%x\r\n" % len(_INNER) + _INNER + b"\r\n" + _LAST,
        posted(_INNER),
    ),
    passed("a request after the last chunk", CHUNKED + _LAST + _INNER, posted(), got("/echo/smuggled")),
    passed("an empty line after content", _SIZED % 2 + b"hi\r\n" + _ONE, posted(b"hi"), got()),
    Case("two empty lines after content", _SIZED % 2 + b"hi\r\n\r\n" + _ONE, (200, 400), False,
         (posted(b"hi"),)),
    Case("content longer than its length", _SIZED % 2 + b"high" + _ONE, (200, 400), False,
         (posted(b"hi"),)),
    Case("content where there is no length", POST + b"\r\nhi" + _ONE, (200, 400), False, (posted(),)),
    Case("good, then bad", _ONE + GET + b"\r\n", (200, 400), False, (got(),)),
    Case("good, then closed", _ONE + GET + HOST + b"Connection: close\r\n\r\n" + _INNER, (200, 200),
         False, (got(), got())),
    Case("good, then HTTP/1.0", _ONE + b"GET /open HTTP/1.0\r\n" + HOST + b"\r\n" + _INNER, (200, 200),
         False, (got(), got())),
    Case("unknown, then good", b"GET /nowhere HTTP/1.1\r\n" + HOST + b"\r\n" + _ONE, (404, 200), True,
         (got(),)),
    Case("without a token, then good", b"GET /stops HTTP/1.1\r\n" + HOST + b"\r\n" + _ONE, (401, 200),
         True, (got(),)),
    Case("refused with content by length, then good",
         _SECRET + b"Content-Length: %d\r\n\r\n" % len(_INNER) + _INNER + _ONE, (401, 200), True,
         (got(),)),
    Case("two refused with content, then good",
         (_SECRET + b"Content-Length: 5\r\n\r\nhello") * 2 + _ONE, (401, 401, 200), True, (got(),)),
    Case("unknown with content, then good",
         b"POST /nowhere HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello" + _ONE, (404, 200),
         True, (got(),)),
    Case("wrong method with content, then good",
         b"DELETE /open HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello" + _ONE, (405, 200),
         True, (got(),)),
    refused(
        "too large by its word",
        b"POST /small HTTP/1.1\r\n" + HOST + b"Content-Length: 11\r\n\r\nhello world", 413,
    ),
    answered("refused with length 0", _SECRET + b"Content-Length: 0\r\n\r\n", 401),
    refused("refused with more content than is passed over",
            _SECRET + b"Content-Length: 65537\r\n\r\n" + b"a" * 65_537, 401),
    refused("refused with chunks", _SECRET + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" + _LAST,
            401),
    refused("refused with chunks that cannot be read",
            _SECRET + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", 401),
    refused("refused while it expects to be told to go on",
            _SECRET + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello", 401),
    Case("good, then an absolute target of another host",
         _ONE + b"GET http://evil.example/open HTTP/1.1\r\n" + HOST + b"\r\n", (200, 400), False,
         (got(),)),
    Case("chunks that end early, then the rest as a request",
         CHUNKED + _LAST + b"X: y\r\n\r\n" + _INNER, (200, 400), False, (posted(),)),
    Case("a length of zero, then a letter", POST + b"Content-Length: 0\r\n\r\nX" + _ONE, (200, 405),
         True, (posted(),)),
    Case("a length of zero, then a NUL", POST + b"Content-Length: 0\r\n\r\n\x00" + _ONE, (200, 400),
         False, (posted(),)),
    Case("a request hidden in a query", b"GET /open?a=%0d%0aHost:b HTTP/1.1\r\n" + HOST + b"\r\n",
         (200,), True, (got("/open?a=%0d%0aHost:b"),)),
]  # fmt: skip

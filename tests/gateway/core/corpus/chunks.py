"""Where does a chunked body end?"""

from __future__ import annotations

from tests.gateway.core.corpus.case import CHUNKED, POST, Case, Seen, passed, posted, refused

_LAST = b"0\r\n\r\n"
_NO_SIZES = {
    "empty": b"", "a letter": b"g", "hex prefix": b"0x5", "plus": b"+5", "minus": b"-5",
    "a leading space": b" 5", "a leading tab": b"\t5", "a trailing space": b"5 ",
    "a trailing tab": b"5\t", "a space inside": b"0 5", "an underscore": b"0_5", "a comma": b"5,5",
    "a fraction": b"5.0", "an exponent": b"5e+0", "hex suffix": b"5h", "16 digits": b"0" * 15 + b"5",
    "64-bit overflow": b"10000000000000005", "quotes": b'"5"', "Arabic digit": "٥".encode(),
    "full-width digit": "５".encode(), "a NUL": b"5\x00", "a vertical tab": b"5\x0b",
    "a bare CR": b"5\r", "two bare CRs": b"5\r\r", "a percent": b"%35", "a colon": b"5:",
}  # fmt: skip
_NO_EXTENSIONS = {
    "without a name": b";", "only a value": b";=a", "a space for a name": b"; ", "a NUL": b";a=\x00",
    "a bare CR": b";a\rb", "an open quote": b';a="b', "a control": b";a=\x01",
    "a DEL in quotes": b';a="\x7f"', "a comma": b";a,b", "too long": b";" + b"a" * 300,
    "two values": b";a=b=c", "text after a quote": b';a="b"c', "not ASCII": b";\xff",
    "a backslash in quotes": b';a="\\""', "a bare LF": b";a\nb", "a size after it": b";a\n5",
}  # fmt: skip
_NO_ENDS = {
    "no CRLF after a chunk": b"5\r\nhello0\r\n\r\n",
    "a bare LF after a chunk": b"5\r\nhello\n0\r\n\r\n",
    "a bare CR after a chunk": b"5\r\nhello\r0\r\n\r\n",
    "two bytes too many in a chunk": b"5\r\nhelloXX0\r\n\r\n",
    "a chunk longer than it says": b"4\r\nhello\r\n0\r\n\r\n",
    "a chunk shorter than it says": b"6\r\nhello\r\n0\r\n\r\n",
    "bare LFs throughout": b"5\nhello\n0\n\n",
    "a bare LF after the size": b"5\nhello\r\n0\r\n\r\n",
    "a bare LF after the last size": b"5\r\nhello\r\n0\n\r\n",
    "a bare LF at the end": b"0\r\n\nX",
    "an empty line before the size": b"\r\n5\r\nhello\r\n0\r\n\r\n",
    "an empty line between chunks": b"5\r\nhello\r\n\r\n0\r\n\r\n",
    "a letter where the last size is": b"5\r\nhello\r\nO\r\n\r\n",
    "a request where a size is": b"GET /open HTTP/1.1\r\n\r\n",
}
_NO_TRAILERS = {
    "without a colon": b"trailer", "space in the name": b"X Y: 1", "space before the colon": b"X : 1",
    "folded": b"X: 1\r\n 2", "folded first": b" X: 1", "empty name": b": 1", "NUL": b"X: \x00",
    "bare CR": b"X: 1\r2", "bare LF": b"X: 1\n2", "underscore": b"X_Y: 1",
    "DEL": b"X: \x7f", "a request": b"GET /open HTTP/1.1", "too long": b"X: " + b"a" * 9_000,
    "too many": b"\r\n".join([b"X: 1"] * 2_000), "name not ASCII": b"X\xff: 1",
    "too many that are left out": b"\r\n".join([b"Te: 1"] * 2_000),
}  # fmt: skip
_TRAILERS_LEFT_OUT = (
    b"Content-Length: 9", b"Transfer-Encoding: chunked", b"Host: other", b"Authorization: Bearer x",
    b"X-City-Subject: someone", b"X-Forwarded-For: 10.0.0.1", b"Forwarded: for=10.0.0.1",
    b"Connection: close", b"Cookie: a=b", b"X-HTTP-Method-Override: DELETE",
    b"X-Original-URL: /admin", b"X-Real-IP: 10.0.0.1", b"Via: 1.1 x", b"Expect: 100-continue",
    b"Upgrade: h2c", b"TE: trailers", b"Trailer: X", b"Content-Type: text/html", b"X-Request-Id: 12345678",
    b"Proxy-Authorization: x", b"Keep-Alive: 5",
)  # fmt: skip
_FINE = {
    "capital hex digits": (b"A\r\n0123456789\r\n", b"0123456789"),
    "small hex digits": (b"a\r\n0123456789\r\n", b"0123456789"),
    "leading zeros": (b"0005\r\nhello\r\n", b"hello"),
    "15 digits": (b"0" * 14 + b"5\r\nhello\r\n", b"hello"),
    "an extension": (b"5;a\r\nhello\r\n", b"hello"),
    "an extension with a value": (b"5;a=b\r\nhello\r\n", b"hello"),
    "an extension with a quoted value": (b'5;a="b c"\r\nhello\r\n', b"hello"),
    "two extensions": (b"5;a=b;c=d\r\nhello\r\n", b"hello"),
    "space around an extension": (b"5 ; a=b\r\nhello\r\n", b"hello"),
    "an extension as long as may be": (b"5;" + b"a" * 254 + b"\r\nhello\r\n", b"hello"),
    "several chunks": (b"1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n", b"abcdef"),
    "CRLF as content": (b"4\r\n\r\n\r\n\r\n", b"\r\n\r\n"),
    "a last chunk as content": (b"5\r\n0\r\n\r\n\r\n", b"0\r\n\r\n"),
    "a request as content": (b"12\r\nGET / HTTP/1.1\r\n\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"),
    "every byte as content": (b"100\r\n" + bytes(range(256)) + b"\r\n", bytes(range(256))),
}

CASES: list[Case] = [
    *(
        refused(f"chunk size: {name}", CHUNKED + size + b"\r\nhello\r\n" + _LAST)
        for name, size in _NO_SIZES.items()
    ),
    *(
        refused(f"chunk extension: {name}", CHUNKED + b"5" + extension + b"\r\nhello\r\n" + _LAST)
        for name, extension in _NO_EXTENSIONS.items()
    ),
    *(refused(f"chunks: {name}", CHUNKED + wire) for name, wire in _NO_ENDS.items()),
    *(
        refused(f"trailer: {name}", CHUNKED + b"0\r\n" + line + b"\r\n\r\n")
        for name, line in _NO_TRAILERS.items()
    ),
    *(
        passed(
            f"trailer left out: {line.partition(b':')[0].decode()}",
            CHUNKED + b"5\r\nhello\r\n0\r\n" + line + b"\r\n\r\n", posted(b"hello"),
        )
        for line in _TRAILERS_LEFT_OUT
    ),
    *(
        passed(f"chunks: {name}", CHUNKED + wire + _LAST, posted(content))
        for name, (wire, content) in _FINE.items()
    ),
    passed("chunks: none but the last", CHUNKED + _LAST, posted()),
    passed("chunks: the last with many zeros", CHUNKED + b"00000\r\n\r\n", posted()),
    passed("chunks: the last with an extension", CHUNKED + b"0;a=b\r\n\r\n", posted()),
    passed("trailer: passed on", CHUNKED + b"1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n", posted(b"a")),
    passed("trailer: without a value", CHUNKED + b"1\r\na\r\n0\r\nX-Sum:\r\n\r\n", posted(b"a")),
    passed(
        "chunks: of a GET",
        b"GET /open HTTP/1.1\r\nHost: city.example\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1\r\na\r\n" + _LAST, Seen("GET", "/open", b"a"),
    ),
    refused(
        "chunks: more than the route takes",
        POST.replace(b"/open", b"/small") + b"Transfer-Encoding: chunked\r\n\r\n"
        b"b\r\nhello world\r\n" + _LAST, 413,
    ),
    passed(
        "chunks: as much as the route takes",
        POST.replace(b"/open", b"/small") + b"Transfer-Encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n5\r\nworld\r\n" + _LAST, posted(b"helloworld", "/small"),
    ),
]  # fmt: skip

"""Where does a line end, what is a field, and who is the host?"""

from __future__ import annotations

from tests.gateway.core.corpus.case import GET, HOST, POST, Case, got, passed, posted, refused

_CONTROLS = [*range(9), *range(0x0A, 0x20), 0x7F]
_NO_TOKEN = b'"(),/;<=>?@[\\]{}_'
_END = b"\r\n"
_LINES = {
    "bare LFs throughout": b"GET /open HTTP/1.1\nHost: city.example\n\n",
    "bare CRs throughout": b"GET /open HTTP/1.1\rHost: city.example\r\r\r\n\r\n",
    "a bare LF after the request line": b"GET /open HTTP/1.1\n" + HOST + _END,
    "a bare CR after the request line": b"GET /open HTTP/1.1\r" + HOST + _END,
    "a bare LF after the host": GET + b"Host: city.example\n\r\n",
    "a bare LF at the end": GET + HOST + b"\n",
    "a bare LF between fields": GET + HOST + b"A: b\nC: d\r\n\r\n",
    "a bare CR between fields": GET + HOST + b"A: b\rC: d\r\n\r\n",
    "a bare CR before CRLF": GET + HOST + b"A: b\r\r\n\r\n",
    "LF CR": GET + HOST + b"A: b\n\r\r\n\r\n",
    "a bare LF before the request": b"\n" + GET + HOST + _END,
    "a bare CR before the request": b"\r" + GET + HOST + _END,
    "two empty lines before the request": b"\r\n\r\n" + GET + HOST + _END,
    "three empty lines before the request": b"\r\n\r\n\r\n" + GET + HOST + _END,
    "a folded line": GET + HOST + b"A: b\r\n c\r\n\r\n",
    "a line folded with a tab": GET + HOST + b"A: b\r\n\tc\r\n\r\n",
    "a folded line without content": GET + HOST + b"A: b\r\n \r\n\r\n",
    "the first line folded": GET + b" A: b\r\n" + HOST + _END,
    "the host folded": GET + b"Host:\r\n city.example\r\n\r\n",
    "a folded line that is a host": GET + HOST + b"A: b\r\n Host: other\r\n\r\n",
    "no colon": GET + HOST + b"Nothing\r\n\r\n",
    "a line of spaces": GET + HOST + b"   \r\n\r\n",
    "an empty name": GET + HOST + b": x\r\n\r\n",
    "a space in a name": GET + HOST + b"A b: c\r\n\r\n",
    "a space before the colon": GET + HOST + b"Accept : c\r\n\r\n",
    "a tab before the colon": GET + HOST + b"Accept\t: c\r\n\r\n",
    "a name that is not ASCII": GET + HOST + b"X-\xc3\xa9: c\r\n\r\n",
    "a bare LF and another version": b"GET /open HTTP/2.0\r\nA: b\nC: d\r\n\r\n",
    "a bare LF before what is too long": GET + b"A: b\nC: " + b"d" * 40_000 + b"\r\n\r\n",
    "a request line after the fields": GET + HOST + GET + _END,
}
_NO_HOSTS = {
    "empty": b"", "a list": b"a, b", "a path": b"a/b", "a user": b"u@a", "a space": b"a b",
    "a port of letters": b"a:b", "two ports": b"a:1:2", "a quote": b'a"b', "an empty port": b"a:",
    "a port too high": b"a:65536", "a port too long": b"a:000080", "only a port": b":80",
    "a scheme": b"http://a", "a query": b"a?b", "a fragment": b"a#b", "a percent": b"a%00b",
    "an encoded dot": b"a%2eb", "a backslash": b"a\\b", "a leading dot": b".a",
    "a trailing dot": b"a.", "two dots": b"a..b", "a leading hyphen": b"-a", "an asterisk": b"*",
    "angle brackets": b"<a>", "an open bracket": b"[::1", "text after a bracket": b"[::1]a",
    "an empty bracket": b"[]", "a zone": b"[fe80::1%eth0]", "not ASCII": "みらい".encode(),
    "too long": b"a" * 300, "a semicolon": b"a;b", "a bracket without an address": b"[:::]",
    "a name in brackets": b"[abc]", "a tab inside": b"a\tb", "a plus port": b"a:+80",
}  # fmt: skip
_HOSTS = (
    b"CITY.example", b"city.example:8000", b"127.0.0.1", b"127.0.0.1:80", b"[::1]",
    b"[2001:db8::1]:443", b"a", b"xn--p8j9a0d9c9a.example", b"[::ffff:192.0.2.1]",
)  # fmt: skip
_TWICE = (
    b"Host: city.example",
    b"host: city.example",
    b"Host: other",
    b"HOST:",
    b"Authorization: b",
)
_SPOOFED = (
    b"X-City-Subject: someone", b"x-city-client: root", b"X-CITY-Gateway-Key: guess",
    b"X-Forwarded-For: 10.0.0.1", b"X-Forwarded-Host: evil", b"Forwarded: for=10.0.0.1",
    b"X-HTTP-Method-Override: DELETE", b"X-Original-URL: /admin", b"X-Rewrite-URL: /admin",
    b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA", b"Proxy-Connection: keep-alive",
    b"Keep-Alive: timeout=5", b"TE: trailers, deflate", b"Trailer: X-Sum",
    b"Connection: x-forwarded-for, x-city-subject, host", b"Connection: keep-alive",
)  # fmt: skip
_GOOD_FIELDS = {
    "without a value": b"A:", "with spaces for a value": b"A:   ", "with obs-text": b"A: \xe9\xff",
    "with a tab inside": b"A: b\tc", "with a colon in the value": b"A: b:c",
    "with every mark of a token": b"!#$%&'*+.^`|~-09: 1", "twice": b"A: 1\r\nA: 2",
    "of 8,000 bytes": b"A: " + b"b" * 8_000, "with UTF-8": "A: みらい".encode(),
    "with quotes": b'A: "b\\"c"', "with a bearer of another kind": b"Authorization: Basic YTpi",
}  # fmt: skip
_ROOM = 32_768 - len(GET) - len(HOST) - len(b"A: ")

CASES: list[Case] = [
    *(refused(f"line: {name}", sent) for name, sent in _LINES.items()),
    *(
        refused(f"value: control 0x{code:02x}", GET + HOST + b"A: b%cc\r\n\r\n" % code)
        for code in _CONTROLS
    ),
    *(
        refused(f"name: control 0x{code:02x}", GET + HOST + b"A%cb: c\r\n\r\n" % code)
        for code in [*_CONTROLS, 9]
    ),
    *(
        refused(f"name: {bytes([mark]).decode()}", GET + HOST + b"A%cb: c\r\n\r\n" % mark)
        for mark in _NO_TOKEN
    ),
    *(
        refused(f"host: {name}", GET + b"Host: " + value + b"\r\n\r\n")
        for name, value in _NO_HOSTS.items()
    ),
    refused("host: none", GET + _END),
    refused("host: none in HTTP/1.0", b"GET /open HTTP/1.0\r\n\r\n"),
    *(
        refused(
            f"twice: {second.decode()}", GET + HOST + b"Authorization: a\r\n" + second + b"\r\n\r\n"
        )
        for second in _TWICE
    ),
    *(
        passed(f"host: {host.decode()}", GET + b"Host: " + host + b"\r\n\r\n", got())
        for host in _HOSTS
    ),
    *(
        passed(
            f"not believed: {field.decode()}", POST + field + b"\r\nContent-Length: 5\r\n\r\nhello",
            posted(b"hello"),
        )
        for field in _SPOOFED
    ),
    *(
        passed(f"field {name}", GET + HOST + line + b"\r\n\r\n", got())
        for name, line in _GOOD_FIELDS.items()
    ),
    passed("line: one empty line before the request", b"\r\n" + GET + HOST + _END, got()),
    passed("field: Connection: close", GET + HOST + b"Connection: close\r\n\r\n", got(), kept=False),
    passed("field: Connection: CLOSE", GET + HOST + b"connection: x, CLOSE\r\n\r\n", got(), kept=False),
    refused("field: an expectation that nobody knows", POST + b"Expect: 200-ok\r\n\r\n", 417),
    refused("field: two expectations", POST + b"Expect: 100-continue\r\n" * 2 + _END),
    passed(
        "field: Expect, content sent at once",
        POST + b"Expect: 100-Continue\r\nContent-Length: 2\r\n\r\nhi", posted(b"hi"),
    ),
    passed("bound: 100 fields", GET + HOST + b"A: b\r\n" * 99 + _END, got()),
    refused("bound: 101 fields", GET + HOST + b"A: b\r\n" * 100 + _END, 431),
    refused("bound: a thousand fields", GET + HOST + b"A: b\r\n" * 1_000 + _END, 431),
    passed("bound: the longest head", GET + HOST + b"A: " + b"b" * _ROOM + b"\r\n\r\n", got()),
    refused("bound: one byte more", GET + HOST + b"A: " + b"b" * (_ROOM + 1) + b"\r\n\r\n", 431),
    refused("bound: a field of 40,000 bytes", GET + HOST + b"A: " + b"b" * 40_000 + b"\r\n\r\n", 431),
    refused("bound: a name of 40,000 bytes", GET + HOST + b"b" * 40_000 + b": a\r\n\r\n", 431),
    refused("bound: fields of 40,000 bytes", GET + HOST + (b"A: " + b"b" * 400 + b"\r\n") * 98 + _END, 431),
]  # fmt: skip

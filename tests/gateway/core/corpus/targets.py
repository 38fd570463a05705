"""Which method, which path, which protocol?"""

from __future__ import annotations

from tests.gateway.core.corpus.case import GET, HOST, Case, Seen, answered, got, passed, refused

_END = HOST + b"\r\n"
_NO_PATHS = {
    "encoded slash": b"/echo/a%2fb", "encoded slash in capitals": b"/echo/a%2Fb",
    "encoded backslash": b"/echo/a%5cb", "encoded backslash in capitals": b"/echo/%5Cb",
    "encoded NUL": b"/echo/%00", "NUL after a name": b"/open%00.css", "encoded CR": b"/echo/%0d",
    "encoded LF": b"/echo/%0a", "encoded CRLF and a field": b"/echo/a%0d%0aX-A:b",
    "encoded tab": b"/echo/%09", "encoded escape": b"/echo/%1b", "encoded DEL": b"/echo/%7f",
    "dot": b"/./open", "dot at the end": b"/open/.", "dots": b"/echo/../open",
    "dots at the end": b"/echo/..", "dots first": b"/../open", "dots only": b"/..",
    "encoded dots": b"/echo/%2e%2e/open", "dots encoded in capitals": b"/echo/%2E%2E/open",
    "one of the dots encoded": b"/echo/.%2e/open", "the other dot encoded": b"/echo/%2e./open",
    "an encoded dot": b"/%2e/open", "dots and a parameter": b"/echo/..;/open",
    "dots and an encoded slash": b"/echo/..%2fopen", "dots and an encoded backslash": b"/echo/..%5copen",
    "backslash": b"/echo\\open", "dots and a backslash": b"/echo/..\\open",
    "double slash": b"//open", "double slash inside": b"/echo//a", "double slash at the end": b"/echo//",
    "an authority after two slashes": b"//evil.example/open", "a parameter": b"/echo/a;b",
    "an encoded slash of two bytes": b"/echo/%c0%af", "an encoded dot of two bytes": b"/%c0%ae/open",
    "dots of two bytes": b"/echo/%c0%ae%c0%ae/open", "a slash of three bytes": b"/echo/%e0%80%af",
    "a lone continuation byte": b"/echo/%80", "an encoded surrogate": b"/echo/%ed%a0%80",
    "a byte that UTF-8 has not": b"/echo/%ff", "a cut sequence": b"/echo/%e3%81",
    "bad escape": b"/echo/%zz", "cut escape": b"/echo/%4", "lone percent": b"/echo/%",
    "escape of letters": b"/echo/%u002f", "escape with a sign": b"/echo/%+2f",
    "a fragment": b"/open#x", "a fragment after a query": b"/open?a#x", "not ASCII": "/echo/あ".encode(),
    "not ASCII in the query": "/open?あ".encode(), "a raw high byte": b"/echo/\xff",
    "not a path": b"open", "nothing": b"", "only a query": b"?a", "a dot first": b"./open",
    "an asterisk for GET": b"*", "an asterisk and a path": b"*/open", "authority and port": b"city.example:80",
    "another scheme": b"file:///etc/passwd", "a scheme like http": b"httpx://city.example/open",
    "a scheme without slashes": b"http:/open", "an absolute target without a host": b"http:///open",
    "an absolute target with a user": b"http://u@city.example/open",
    "an absolute target with a user like the host": b"http://city.example@evil.example/open",
    "an absolute target of another host": b"http://evil.example/open",
    "an absolute target of another port": b"http://city.example:81/open",
    "an absolute target with a backslash": b"http://city.example\\@evil.example/open",
    "an absolute target with dots": b"http://city.example/../open",
    "an absolute target with two slashes": b"http://city.example//open",
    "an absolute target with a fragment": b"http://city.example#/open",
    "a websocket URL": b"ws://city.example/open", "an absolute target in a path": b"/http://city.example/open",
}  # fmt: skip
_RAW = b'"<>\\^`{|}\x7f' + bytes(range(1, 9)) + b"\x0b\x0c\x1f"
_QUERY_RAW = bytes(range(9)) + b"\x0b\x0c\x1f\x7f#\x80\xff"
_LINES = {
    "HTTP/0.9": (b"GET /open\r\n\r\n", 400), "HTTP/0.9 in words": (b"GET /open HTTP/0.9\r\n" + _END, 505),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "HTTP/1.2": (b"GET /open HTTP/1.2\r\n" + _END, 505), "HTTP/2.0": (b"GET /open HTTP/2.0\r\n" + _END, 505),
    "HTTP/3.0": (b"GET /open HTTP/3.0\r\n" + _END, 505),
    "version without a minor": (b"GET /open HTTP/1\r\n" + _END, 400),
    "version with a long minor": (b"GET /open HTTP/1.10\r\n" + _END, 400),
    "version with zeros": (b"GET /open HTTP/01.1\r\n" + _END, 400),
    "version of three parts": (b"GET /open HTTP/1.1.1\r\n" + _END, 400),
    "version with a plus": (b"GET /open HTTP/+1.1\r\n" + _END, 400),
    "version with a comma": (b"GET /open HTTP/1,1\r\n" + _END, 400),
    "version in small letters": (b"GET /open http/1.1\r\n" + _END, 400),
    "another protocol": (b"GET /open ICY/1.1\r\n" + _END, 400),
    "version twice": (b"GET /open HTTP/1.1 HTTP/1.1\r\n" + _END, 400),
    "two spaces after the method": (b"GET  /open HTTP/1.1\r\n" + _END, 400),
    "two spaces before the version": (b"GET /open  HTTP/1.1\r\n" + _END, 400),
    "tabs": (b"GET\t/open\tHTTP/1.1\r\n" + _END, 400), "a tab": (b"GET /open\tHTTP/1.1\r\n" + _END, 400),
    "a vertical tab": (b"GET\x0b/open HTTP/1.1\r\n" + _END, 400),
    "a leading space": (b" GET /open HTTP/1.1\r\n" + _END, 400),
    "a trailing space": (b"GET /open HTTP/1.1 \r\n" + _END, 400),
    "a trailing tab": (b"GET /open HTTP/1.1\t\r\n" + _END, 400),
    "a space in the target": (b"GET /open a HTTP/1.1\r\n" + _END, 400),
    "a NUL in the method": (b"GET\x00 /open HTTP/1.1\r\n" + _END, 400),
    "a NUL in the version": (b"GET /open HTTP/1.1\x00\r\n" + _END, 400),
    "a bare CR in the target": (b"GET /open\r HTTP/1.1\r\n" + _END, 400),
    "a method in small letters": (b"get /open HTTP/1.1\r\n" + _END, 400),
    "a method in both": (b"Get /open HTTP/1.1\r\n" + _END, 400),
    "a method with a mark": (b"G(T /open HTTP/1.1\r\n" + _END, 400),
    "a method with a quote": (b'"GET" /open HTTP/1.1\r\n' + _END, 400),
    "a method with a digit": (b"GET1 /open HTTP/1.1\r\n" + _END, 400),
    "a method of two letters": (b"GO /open HTTP/1.1\r\n" + _END, 400),
    "a method of 21 letters": (b"A" * 21 + b" /open HTTP/1.1\r\n" + _END, 400),
    "a method of 9,000 letters": (b"A" * 9_000 + b" /open HTTP/1.1\r\n" + _END, 414),
    "a method that is not ASCII": (b"G\xc9T /open HTTP/1.1\r\n" + _END, 400),
    "no method": (b" /open HTTP/1.1\r\n" + _END, 400), "nothing": (b"   \r\n" + _END, 400),
    "CONNECT": (b"CONNECT city.example:443 HTTP/1.1\r\n" + _END, 400),
    "CONNECT to a path": (b"CONNECT evil.example:443/open HTTP/1.1\r\n" + _END, 400),
    "a TLS greeting": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40 + b"\n\r\n\r\n", 400),
    "an SSH greeting": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", 400),
    "an SMTP greeting": (b"EHLO city.example\r\n\r\n", 400),
    "a PROXY line": (b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + GET + _END, 400),
    "an answer": (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 400),
    "a target of 8,193 bytes": (b"GET /" + b"a" * 8_192 + b" HTTP/1.1\r\n" + _END, 414),
    "a target of 9,000 bytes": (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n" + _END, 414),
    "a query of 9,000 bytes": (b"GET /open?" + b"a" * 9_000 + b" HTTP/1.1\r\n" + _END, 414),
    "a target of 60,000 bytes": (b"GET /" + b"a" * 60_000 + b" HTTP/1.1\r\n" + _END, 414),
}  # fmt: skip
_SAME = (
    "/open?", "/open?a=b&c=d", "/open?a=%2f..%2f", "/open?a=/../b", "/open?//", "/open??",
    "/open?a=%00", "/open?%", '/open?a="b"', "/open?a={b}|c^`<>", "/open?a=\\b", "/open?a;b",
    "/echo/a", "/echo/a%20b", "/echo/%E3%81%82", "/echo/a:b@c!$&'()*+,=", "/echo/...", "/echo/.a",
    "/echo/..a", "/echo/a..", "/echo/%2e%2e%2e", "/echo/%252e%252e", "/echo/%252f", "/echo/~a-b_c.d",
    "/echo/%25", "/echo/a%3bb", "/echo/a%3fb", "/echo/a%23b", "/echo/http:", "/echo/*", "/echo/%7E",
    "/open?" + "a" * 8_000, "/%6fpen", "/ec%68o/a",
)  # fmt: skip
_REDUCED = {
    "http://city.example/open": "/open", "HTTP://city.example/open": "/open",
    "https://city.example/open?a=b": "/open?a=b", "http://CITY.EXAMPLE/open": "/open",
    "http://city.example/echo/a%20b": "/echo/a%20b",
}  # fmt: skip


def _get(target: bytes) -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + _END


CASES: list[Case] = [
    *(refused(f"path: {name}", _get(path)) for name, path in _NO_PATHS.items()),
    *(
        refused(f"path: raw 0x{code:02x}", _get(b"/echo/a%cb" % code)) for code in _RAW
    ),
    *(
        refused(f"query: raw 0x{code:02x}", _get(b"/open?a%cb" % code)) for code in _QUERY_RAW
    ),
    *(refused(f"request line: {name}", sent, status) for name, (sent, status) in _LINES.items()),
    *(passed(f"target kept: {target[:60]}", _get(target.encode()), got(target)) for target in _SAME),
    *(
        passed(f"target made a path: {target}", _get(target.encode()), got(path))
        for target, path in _REDUCED.items()
    ),
    answered("path: that of no route", _get(b"/nowhere"), 404),
    answered("path: a route and a slash", _get(b"/open/"), 404),
    answered("path: a parameter that is empty", _get(b"/echo/"), 404),
    answered("path: in capitals", _get(b"/OPEN"), 404),
    answered("path: the city's own", _get(b"/internal/policy"), 404),
    answered("path: the city's own, encoded", _get(b"/%69nternal/policy"), 404),
    answered("method: that the route has not", b"DELETE /open HTTP/1.1\r\n" + _END, 405),
    answered("method: that nobody knows", b"FROB /open HTTP/1.1\r\n" + _END, 405),
    answered("method: of WebDAV", b"PROPFIND /open HTTP/1.1\r\n" + _END, 405),
    answered("method: of caches", b"PURGE /open HTTP/1.1\r\n" + _END, 405),
    answered("method: with a hyphen", b"VERSION-CONTROL /open HTTP/1.1\r\n" + _END, 405),
    answered("method: TRACE", b"TRACE /open HTTP/1.1\r\n" + _END, 405),
    passed("method: HEAD, asked as GET", b"HEAD /open HTTP/1.1\r\n" + _END, got()),
    passed("method: PUT", b"PUT /echo/a HTTP/1.1\r\n" + _END, Seen("PUT", "/echo/a")),
    answered("OPTIONS: of everything", b"OPTIONS * HTTP/1.1\r\n" + _END, 204),
    answered("OPTIONS: of a host", b"OPTIONS http://city.example HTTP/1.1\r\n" + _END, 204),
    refused("OPTIONS: of everything, and a query", b"OPTIONS *?a HTTP/1.1\r\n" + _END),
    refused("OPTIONS: of no host", b"OPTIONS http:// HTTP/1.1\r\n" + _END),
    answered("OPTIONS: at its end", b"OPTIONS /open HTTP/1.1\r\nMax-Forwards: 0\r\n" + _END, 204),
    passed(
        "OPTIONS: with a way to go", b"OPTIONS /open HTTP/1.1\r\nMax-Forwards: 1\r\n" + _END,
        Seen("OPTIONS", "/open"),
    ),
    passed("OPTIONS: of a host's root by a query", b"GET http://city.example/open? HTTP/1.1\r\n" + _END, got("/open?")),
    *(
        refused(f"Max-Forwards: {value.decode()}", b"OPTIONS /open HTTP/1.1\r\nMax-Forwards: " + value + b"\r\n" + _END)
        for value in (b"", b"-1", b"+1", b"1, 1", b"0x1", b"1234567890", b"one")
    ),
    passed("TE: trailers, as an option", GET + b"TE: trailers\r\nConnection: te\r\n" + _END, got()),
    passed(
        "Upgrade: where there is none",
        GET + b"Upgrade: websocket\r\nConnection: upgrade\r\n" + _END, got(),
    ),
    passed("version: 1.0", b"GET /open HTTP/1.0\r\n" + _END, got(), kept=False),
    passed(
        "version: 1.0 asking to be kept", b"GET /open HTTP/1.0\r\nConnection: keep-alive\r\n" + _END,
        got(), kept=False,
    ),
]  # fmt: skip

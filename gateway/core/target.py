"""Reading a request line and its target, so that gateway and upstream see the same path.

The route is chosen by the *decoded* segments, as the server behind chooses it: ``/users/%6de`` is
``/users/me`` there, and must be here. What cannot be told apart after decoding (an encoded slash,
dot segments, empty segments, backslashes, ``;`` parameters) is refused: RFC 9110 §17.3 and
RFC 3986 §6.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from gateway.core import bounds, reply
from gateway.core.reply import Refused, malformed

_PLAIN: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-_~:@!$&'()*+,="
_METHOD: Final = re.compile(rb"[A-Z]{3,20}(?:-[A-Z]{1,10})?")
_VISIBLE: Final = bytes(sorted(set(range(0x21, 0x7F)) - set(b"#")))
_ESCAPES: Final = re.compile(rb"(?:[^%]|%[0-9A-Fa-f]{2})*+")
_REFUSED_WHEN_DECODED: Final = re.compile(rb"[/\\\x00-\x1f\x7f]")


def request_line(line: bytes) -> tuple[bytes, bytes, bool]:
    """Method, target, and whether the version is 1.0; RFC 9112 §3.

    Raises:
        Refused: it is not ``METHOD SP target SP HTTP/1.x``.
    """
    parts = line.split(b" ")
    if len(parts) != 3:
        raise malformed("The request line is not `METHOD target HTTP/1.1` with single spaces.")
    method, target, version = parts
    if version != b"HTTP/1.1" and version != b"HTTP/1.0":
        if re.fullmatch(rb"HTTP/[0-9]\.[0-9]", version):
            raise Refused(reply.VERSION)
        raise malformed("The request line does not end in an HTTP version.")
    if method != b"GET" and not _METHOD.fullmatch(method):
        raise malformed("The method is not one that HTTP knows.")
    if len(target) > bounds.TARGET_BYTES:
        raise Refused(reply.TARGET_TOO_LONG)
    return method, target, version == b"HTTP/1.0"


def split(target: bytes, host: bytes) -> tuple[bytes, list[bytes], bytes]:
    """Path as sent, its decoded segments, and the query with its ``?``.

    Args:
        target: origin-form or absolute-form (RFC 9112 §3.2).
        host: the ``Host`` field, with which an absolute-form must agree.

    Example:
        ``/a/b%20c?x=1`` → ``b"/a/b%20c", [b"a", b"b c"], b"?x=1"``
    """
    if target[:1] != b"/":
        target = _origin_form(target, host)
    path, mark, query = target.partition(b"?")
    if query and query.translate(None, _VISIBLE):
        raise malformed("The query has characters that must be percent-encoded.")
    odd = path.translate(None, _PLAIN)
    if odd and odd.strip(b".%"):
        raise malformed("The path has characters that must be percent-encoded, or `;` or `\\`.")
    segments = path.split(b"/")
    del segments[0]
    if odd:
        segments = _decoded(path, segments)
    if b"//" in path:
        raise malformed("The path has an empty segment.", "ambiguous")
    return path, segments, mark + query


def _origin_form(target: bytes, host: bytes) -> bytes:
    scheme, mark, rest = target.partition(b"://")
    if not mark or scheme.lower() not in (b"http", b"https"):
        raise malformed("The target is neither a path nor an http URL.")
    authority, slash, path = rest.partition(b"/")
    if authority.lower() != host.lower():
        raise malformed("The target's authority is not the Host field's.", "ambiguous")
    return slash + path if slash else b"/"


def _decoded(path: bytes, segments: list[bytes]) -> list[bytes]:
    if b"%" in path:
        if not _ESCAPES.fullmatch(path):
            raise malformed("A `%` in the path is not followed by two hexadecimal digits.")
        segments = [unquote_to_bytes(segment) for segment in segments]
        if any(map(_REFUSED_WHEN_DECODED.search, segments)):
            raise malformed("The path has an encoded slash or control character.", "ambiguous")
    if any(segment in (b".", b"..") for segment in segments):
        raise malformed("The path has dot segments.", "ambiguous")
    return segments

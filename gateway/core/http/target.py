"""Reading a request line and its target, so that gateway and upstream see the same path.

The route is chosen by the *decoded* segments, as the server behind chooses it: ``/users/%6de`` is
``/users/me`` there, and must be here. What cannot be told apart after decoding (an encoded slash,
dot segments, empty segments, backslashes, ``;`` parameters) is refused: RFC 9110 §17.3 and
RFC 3986 §6.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from gateway.core import bounds, reply
from gateway.core.reply import Refused, malformed

if TYPE_CHECKING:
    from gateway.core.caching.shortcut import Shortcut
    from gateway.core.policy.policy import Policy, Route

_PLAIN: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-_~:@!$&'()*+,="
_METHOD: Final = re.compile(rb"[A-Z]{3,20}(?:-[A-Z]{1,10})?")
_METHODS: Final = frozenset(b"GET HEAD POST PUT PATCH DELETE OPTIONS TRACE".split())
ASTERISK: Final = b"*"
"""The server as a whole, instead of a path; it has no segments, and so is on no route."""
_REPEATABLE: Final = frozenset((b"GET", b"HEAD", b"OPTIONS"))
"""Methods that may be sent a second time without asking (RFC 9110 §9.2.1)."""
_VISIBLE: Final = bytes(sorted(set(range(0x21, 0x7F)) - set(b"#")))
_AUTHORITY: Final = re.compile(rb"[^/?]+")
_ESCAPES: Final = re.compile(rb"(?:[^%]|%[0-9A-Fa-f]{2})*+")
_REFUSED_WHEN_DECODED: Final = re.compile(rb"[/\\\x00-\x1f\x7f]")


class RequestLine:
    """A request line, read; RFC 9112 §3.

    Attributes:
        path: as it was sent; ``query`` with its ``?``, or empty.
        segments: of the path, decoded.
        authority: of an absolute-form target, with which ``Host`` must agree; else empty.
        http10: the version is 1.0, not 1.1.
        usual: neither; nothing in the header section can contradict it.
        is_head, repeatable: what the method means.
        route, found_by: where it leads under which policy; for :mod:`gateway.core.pipeline`.
        start: what it begins with on its way to that route's upstream, up to the ``Host``.
        kept: where its answer may be taken from at once; for ``core/caching/kept_route.py``.
        proven: requests of it come with a proof; and what such a proof must say: ``verb``, the
            method, and ``target``, its URL; for ``core/proof/proof.py``.

    Example:
        ``GET /a/b%20c?x=1 HTTP/1.1`` has the segments ``a`` and ``b c``, and the query ``?x=1``.
    """

    __slots__ = (
        "authority", "found_by", "http10", "is_head", "kept", "method", "path", "proven",
        "query", "repeatable", "route", "segments", "start", "target", "usual", "verb",
    )  # fmt: skip

    route: Route

    def __init__(self, line: bytes) -> None:
        """Read ``line``, which has no CRLF.

        Raises:
            Refused: it is malformed, too long, or of another protocol.
        """
        parts = line.split(b" ")
        if len(parts) != 3:
            raise malformed("The request line is not `METHOD target HTTP/1.1` with single spaces.")
        self.method, target, version = parts
        self.http10 = _is_http10(version)
        if self.method not in _METHODS and not _METHOD.fullmatch(self.method):
            raise malformed("The method is not one that HTTP knows.")
        if len(target) > bounds.TARGET_BYTES:
            raise Refused(reply.TARGET_TOO_LONG)
        self.authority = b""
        self.kept: Shortcut | None = None
        if target[:1] != b"/":
            self.authority, target = _other_form(self.method, target)
        self.path, mark, query = target.partition(b"?")
        if query and query.translate(None, _VISIBLE):
            raise malformed("The query has characters that must be percent-encoded.")
        self.query = mark + query
        self.segments = _segments(self.path)
        self.usual = not self.authority and not self.http10
        self.is_head = self.method == b"HEAD"
        self.repeatable = self.method in _REPEATABLE
        self.found_by: Policy | None = None
        self.start = b""
        self.proven = False
        self.target = self.verb = ""


def _is_http10(version: bytes) -> bool:
    if version == b"HTTP/1.1":
        return False
    if version == b"HTTP/1.0":
        return True
    if re.fullmatch(rb"HTTP/[0-9]\.[0-9]", version):
        raise Refused(reply.VERSION)
    raise malformed("The request line does not end in an HTTP version.")


def _other_form(method: bytes, target: bytes) -> tuple[bytes, bytes]:
    """Authority, and path or ``*``, of a target in asterisk-form or absolute-form."""
    if method != b"OPTIONS":
        return _absolute(target)
    if target == ASTERISK:
        return b"", target
    authority, path = _absolute(target)
    # without a path it asks for the server as a whole (RFC 9112 §3.2.4)
    return authority, ASTERISK if target.endswith(authority) else path


def _absolute(target: bytes) -> tuple[bytes, bytes]:
    """Authority and path of an absolute-form target (RFC 9112 §3.2.2)."""
    scheme, mark, rest = target.partition(b"://")
    if not mark or scheme.lower() not in (b"http", b"https"):
        raise malformed("The target is neither a path nor an http URL.")
    found = _AUTHORITY.match(rest)
    if not found:
        raise malformed("The target names no host.")
    authority = found[0]
    path = rest[len(authority) :]
    return authority, path if path[:1] == b"/" else b"/" + path


def _segments(path: bytes) -> list[bytes]:
    odd = path.translate(None, _PLAIN)
    if odd and odd.strip(b".%"):
        raise malformed("The path has characters that must be percent-encoded, or `;` or `\\`.")
    if b"//" in path:
        raise malformed("The path has an empty segment.", "ambiguous")
    segments = path.split(b"/")
    del segments[0]
    return _decoded(path, segments) if odd else segments


def _decoded(path: bytes, segments: list[bytes]) -> list[bytes]:
    if b"%" in path:
        if not _ESCAPES.fullmatch(path):
            raise malformed("A `%` in the path is not followed by two hexadecimal digits.")
        segments = [unquote_to_bytes(segment) for segment in segments]
        if any(map(_REFUSED_WHEN_DECODED.search, segments)):
            raise malformed("The path has an encoded slash or control character.", "ambiguous")
        if not _is_utf8(b"/".join(segments)):
            raise malformed("What is encoded in the path is not UTF-8.", "ambiguous")
    if any(segment in (b".", b"..") for segment in segments):
        raise malformed("The path has dot segments.", "ambiguous")
    return segments


def _is_utf8(path: bytes) -> bool:
    """Whether every reader decodes ``path`` alike: lenient ones take ``%c0%af`` for a slash."""
    try:
        path.decode()
    except UnicodeDecodeError:
        return False
    return True

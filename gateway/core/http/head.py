"""Reading the head of a request, strictly.

A gateway and the server behind it must read the same request in the same bytes, or one client's
request becomes part of another's (request smuggling). So nothing is repaired here: what RFC 9112
and RFC 9110 call malformed, and what parsers are known to read differently, is refused.

The header section of a client hardly changes from call to call. Its parsed form holds nothing of
the request line, so it is remembered by its bytes (:class:`gateway.core.cache.Recent`) and a
repeated one costs a dictionary look-up. Where something in it does change, most of its lines do
not, and what they mean is remembered too.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Final

from gateway.core import bounds, reply
from gateway.core.cache import Recent
from gateway.core.reply import Refused, malformed
from schemas import headers
from schemas.headers import PREFIX

if TYPE_CHECKING:
    from gateway.core.access.grant import Grant
    from gateway.core.upstreams.upstream import Upstream

SERVER_TIMING: Final = headers.SERVER_TIMING.encode()
_CONTROLS: Final = bytes([*range(0x09), *range(0x0A, 0x20), 0x7F])
_JWT: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
"""What a signed JWT is made of (RFC 7515 §7.1)."""
_NAME: Final = re.compile(rb"[!#$%&'*+.^`|~0-9A-Za-z-]+")  # a token (RFC 9110 §5.6.2) without `_`
_HOST: Final = re.compile(
    rb"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?|\[([0-9A-Fa-f:.]{2,45})\])"
    rb"(?::([0-9]{1,5}))?"
)
_HOPS: Final = re.compile(rb"[0-9]{1,9}")
_LENGTH: Final = re.compile(rb"[0-9]{1,18}")
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_TIMEOUT: Final = re.compile(rb"(?=.*[1-9])[0-9]{1,6}(?:\.[0-9]{1,3})?")
_TRACEPARENT: Final = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

# What becomes of a field on its way to the upstream.
PASS: Final = 1
DROP: Final = 2
READ: Final = 3  # read here, at most once; written anew where the upstream needs it

_READ: Final = (
    "host content-length transfer-encoding authorization connection cookie expect x-request-id "
    "traceparent tracestate request-timeout upgrade te max-forwards x-city-server-timing "
    "dpop city-purpose"
)
_DROPPED: Final = (
    # hop by hop (RFC 9110 §7.6.1)
    "keep-alive proxy-connection trailer proxy-authorization proxy-authenticate "
    # what only the gateway may say about where a request comes from
    "forwarded x-real-ip x-client-ip x-cluster-client-ip true-client-ip via "
    # what makes an upstream see another method or path than the one that was checked
    "x-http-method-override x-http-method x-method-override x-original-url x-rewrite-url "
    # nothing left of it after the `Upgrade` is gone (RFC 9113 §3.2.1)
    "http2-settings "
    # whose certificate a client has shown is the gateway's to say (RFC 9440 §2.4)
    "client-cert client-cert-chain"
)
_PASSED: Final = (
    "accept accept-encoding accept-language cache-control content-type if-match "
    "if-modified-since if-none-match if-unmodified-since idempotency-key last-event-id link "
    "origin prefer range referer user-agent sec-fetch-mode sec-fetch-site sec-fetch-dest"
)


def _roles() -> dict[bytes, tuple[int, bytes]]:
    """Fields by their usual spellings; others are looked at letter by letter."""
    known = {PASS: _PASSED, DROP: _DROPPED, READ: _READ}
    return {
        spelled.encode(): (role, name.encode())
        for role, names in known.items()
        for name in names.split()
        for spelled in (name, name.title())
    }


_ROLES: Final = _roles() | {b"DPoP": (READ, b"dpop")}
_NONE: Final[frozenset[bytes]] = frozenset()
_REMEMBERED: Final = 2_048
"""Longest line whose meaning is remembered: a resident's token is one of more than 1,024."""
_ONCE: Final = frozenset(
    (b"x-request-id", b"traceparent", b"tracestate", b"idempotency-key", b"dpop")
)
"""Fields that no other request will have."""
_lines: Final[Recent[bytes, tuple[int, bytes, bytes]]] = Recent(4_096)


class Fields:
    """The header section of one request, read.

    Attributes:
        host: the ``Host`` field.
        token: the access token, ``b""`` if there is none.
        bound: it was sent as one that is bound to a key (RFC 9449 §7.1), not as a bearer's.
        proof: the proof of possession of that key where it was read with all the rest (see
            :func:`without_proof`); ``b""`` if there is none.
        full: one field more would be too many.
        purpose: what the client says that it asks for (``City-Purpose``); ``""`` if it does not.
        authorization, cookie: these values, for open routes whose API reads them itself.
        length: ``Content-Length``, -1 if there is none.
        chunked: whether the body comes in chunks.
        close: the client asked for the connection to be closed.
        expects: the client waits for ``100 Continue`` before it sends its body.
        hop: what is said to the upstream of the connection alone: that the client expects, and that
            it takes trailers; each line after a CRLF.
        upgrade: protocols that the client would like instead of HTTP, in lower case.
        max_forwards: how often OPTIONS may still be forwarded; -1 if it is not said.
        timeout: seconds that the client waits for the head of the answer; 0 if it does not say.
        timed: the client would like to know how long everything took.
        request_id, traceparent: what the client sent of them, if well-formed; else ``b""``.
        forward: all fields that the upstream is sent as they came, each ending in CRLF.
        once: it has a field that no other request will have; not worth remembering.
        bare: there is no content and no id of the client's, nothing to wait for, and nothing that
            concerns the connection.
        grant: what the token was last found to allow; for :mod:`gateway.core.pipeline`.
        sealed, sealed_for, sealed_by: what an upstream gets of all this, host and identity with
            it, and the upstream and the caller's consents for which that is true.
    """

    __slots__ = (
        "authorization", "bare", "bound", "chunked", "close", "cookie", "expects", "forward",
        "full", "grant", "hop", "host", "length", "max_forwards", "once", "proof", "purpose",
        "request_id", "sealed", "sealed_by", "sealed_for", "timed", "timeout", "token",
        "traceparent", "upgrade",
    )  # fmt: skip

    def __init__(self, block: bytes) -> None:
        """Read ``block``: the bytes between the request line and the empty line.

        Raises:
            Refused: it is malformed, ambiguous or too large.
        """
        read, names, lines = _split(block)
        self.full = block.count(b"\r\n") >= bounds.FIELDS
        get = read.get
        host = get(b"host")
        if host is None:
            raise malformed("There is no Host field (RFC 9112 §3.2).")
        self.host = host
        self.length, self.chunked = _framing(get(b"content-length"), get(b"transfer-encoding"))
        self.authorization = get(b"authorization", b"")
        self.token, self.bound = _token(self.authorization)
        self.proof = get(b"dpop", b"")
        self.purpose = str(get(b"city-purpose", b""), "latin-1")
        if self.purpose:
            names.append(b"city-purpose")
            lines.append(b"city-purpose: " + read[b"city-purpose"])
        self.cookie = get(b"cookie", b"")
        self.expects = b"expect" in read
        self.request_id = get(b"x-request-id", b"")
        self.traceparent = get(b"traceparent", b"")
        self.timeout = float(get(b"request-timeout", b"0"))
        self.timed = get(SERVER_TIMING) in (b"1", b"?1")
        named = b"x-request-id" in read or b"traceparent" in read
        self.once = named or bool(self.proof)
        if self.traceparent and b"tracestate" in read:
            names.append(b"tracestate")
            lines.append(b"tracestate: " + read[b"tracestate"])
        self.max_forwards = int(get(b"max-forwards", b"-1"))
        self.hop = b"\r\nexpect: 100-continue" if self.expects else b""
        self.upgrade: frozenset[bytes] = _NONE
        self.close = False
        if b"connection" in read:
            # options, which also name the fields that go no further (RFC 9110 §7.6.1)
            listed = _members(read[b"connection"])
            self.close = b"close" in listed
            if b"upgrade" in listed and not self.close:
                self.upgrade = _members(get(b"upgrade", b""))
            if b"te" in listed and b"trailers" in _members(get(b"te", b"")):
                self.hop += b"\r\nconnection: te\r\nte: trailers"
            lines = [
                line for name, line in zip(names, lines, strict=True) if name not in listed
            ]  # fmt: skip
        lines.append(b"")
        self.forward = b"\r\n".join(lines)
        self.bare = self.length < 0 and not (
            self.chunked
            or named
            or self.timeout
            or self.timed
            or self.hop
            or self.upgrade
            or self.max_forwards >= 0
        )
        self.grant: Grant | None = None
        self.sealed = b""
        self.sealed_for: Upstream | None = None
        self.sealed_by: object = None


def without_proof(block: bytes) -> tuple[bytes, bytes]:
    """``block`` without its ``DPoP`` field, and that field's value.

    All the rest of what a client sends is the same each time; its proof never is. So the rest can
    be remembered by its bytes. What is not written in the usual way stays where it is, and is read
    with everything else: then the value is ``b""``.
    """
    at = block.find(b"\r\nDPoP: ")
    if at < 0:
        at = block.find(b"\r\ndpop: ")
        if at < 0:
            return block, b""
    end = block.find(b"\r\n", at + 8)
    proof = block[at + 8 : end]
    if end < 0 or not proof or proof.translate(None, _JWT):
        return block, b""
    return block[:at] + block[end:], proof


def _token(credentials: bytes) -> tuple[bytes, bool]:
    """The access token in ``Authorization``, and whether it was sent as one bound to a key."""
    if credentials[:7].lower() == b"bearer ":
        return credentials[7:].strip(b" "), False
    if credentials[:5].lower() == b"dpop ":
        return credentials[5:].strip(b" "), True
    return b"", False


def _members(value: bytes) -> frozenset[bytes]:
    """The members of a list (RFC 9110 §5.6.1) in lower case."""
    return frozenset(member.strip(b" \t").lower() for member in value.split(b",")) - {b""}


def _split(block: bytes) -> tuple[dict[bytes, bytes], list[bytes], list[bytes]]:
    """The fields read here by name; names and lines of those that are passed on."""
    lines = block.split(b"\r\n")
    lines.pop()
    if len(lines) > bounds.FIELDS:
        raise Refused(reply.HEAD_TOO_LARGE)
    read: dict[bytes, bytes] = {}
    names: list[bytes] = []
    passed: list[bytes] = []
    known = _lines.young
    for line in lines:
        role, name, value = known.get(line) or _line(line)
        if role == PASS:
            names.append(name)
            passed.append(line)
        elif role == READ:
            read[name] = _again(name, read[name], value) if name in read else value
    return read, names, passed


def _line(line: bytes) -> tuple[int, bytes, bytes]:
    """What becomes of a field, its name in lower case, and its value, checked."""
    found = _lines.older(line)
    if found is None:
        spelled, colon, value = line.partition(b":")
        if not colon:
            raise malformed("A header line has no colon.")
        if value.translate(None, _CONTROLS) != value:
            raise malformed("A header field contains a control character or a bare CR or LF.")
        role, name = _ROLES.get(spelled) or _role(spelled)
        value = value.strip(b" \t")
        check = _CHECKS.get(name)
        found = role, name, value if check is None else check(value)
        if len(line) <= _REMEMBERED and name not in _ONCE:
            _lines.put(line, found)
    return found


def _role(name: bytes) -> tuple[int, bytes]:
    """What becomes of a field that is not spelled in one of the usual ways."""
    if not _NAME.fullmatch(name):
        raise malformed(
            "A header field's name is not a token, is followed by space, or has an underscore "
            "(which some servers read as a hyphen); or a line is folded."
        )
    lower = name.lower()
    known = _ROLES.get(lower)
    if known:
        return known
    if lower.startswith((PREFIX.encode(), b"x-forwarded-")):
        return DROP, lower
    return PASS, lower


def passes(name: bytes) -> bool:
    """Whether a field of this name, in lower case, reaches the upstream as the client sent it."""
    return bool(_NAME.fullmatch(name)) and _role(name)[0] == PASS


def _again(name: bytes, first: bytes, value: bytes) -> bytes:
    """A second field of a name that is read here."""
    if name in (b"connection", b"tracestate", b"upgrade", b"te", b"dpop"):
        return first + b"," + value
    if name == b"cookie":
        return first + b"; " + value
    if name in (b"x-request-id", b"traceparent", SERVER_TIMING):
        return b""
    raise malformed(f"There is more than one {name.decode()} field.", "ambiguous")


def _framing(length: bytes | None, coding: bytes | None) -> tuple[int, bool]:
    """Length of the body (-1: not said) and whether it is chunked; RFC 9112 §6.3."""
    if coding is None:
        return (-1 if length is None else int(length)), False
    if length is not None:
        raise malformed("Both Transfer-Encoding and Content-Length are given.", "ambiguous")
    return -1, True


def _host(value: bytes) -> bytes:
    found = _HOST.fullmatch(value)
    if not found or b".." in value or int(found[2] or 0) > 65_535 or not _is_ipv6(found[1]):
        raise malformed("The Host field is not a host with an optional port.")
    return value


def _is_ipv6(address: bytes | None) -> bool:
    """Whether what is in brackets, if anything is, is an address."""
    try:
        return address is None or bool(IPv6Address(address.decode()))
    except ValueError:
        return False


def _length(value: bytes) -> bytes:
    if not _LENGTH.fullmatch(value):
        raise malformed("Content-Length is not one decimal number.", "ambiguous")
    return value


def _coding(value: bytes) -> bytes:
    if value.lower() != b"chunked":
        raise Refused(reply.CODING)
    return value


def _expectation(value: bytes) -> bytes:
    if value.lower() != b"100-continue":
        raise Refused(reply.EXPECTATION)
    return value


def _max_forwards(value: bytes) -> bytes:
    if not _HOPS.fullmatch(value):
        raise malformed("Max-Forwards is not a decimal number.")
    return value


def _timeout(value: bytes) -> bytes:
    if not _TIMEOUT.fullmatch(value):
        raise malformed("Request-Timeout is not a number of seconds, such as 2 or 0.5.")
    return value


def _request_id(value: bytes) -> bytes:
    return value if _REQUEST_ID.fullmatch(value) else b""


def _traceparent(value: bytes) -> bytes:
    return value if _TRACEPARENT.fullmatch(value) else b""


_CHECKS: Final = {
    b"host": _host,
    b"content-length": _length,
    b"transfer-encoding": _coding,
    b"expect": _expectation,
    b"max-forwards": _max_forwards,
    b"request-timeout": _timeout,
    b"x-request-id": _request_id,
    b"traceparent": _traceparent,
}

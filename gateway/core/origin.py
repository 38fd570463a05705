"""Where a connection comes from: what limits and upstreams are told of it."""

from __future__ import annotations

from ipaddress import IPv6Address


class Origin:
    """The peer of one connection.

    Attributes:
        source: the name by which it is limited: its address, or for IPv6 the /64 network that one
            subscriber has (RFC 6177).
        said: the fields last written, for requests to ``host``.
    """

    __slots__ = ("_peer", "host", "said", "source")

    def __init__(self, peer: str) -> None:
        self._peer = peer
        self.source = _source(peer)
        self.host = b""
        self.said = b""

    def fields(self, host: bytes, scheme: bytes) -> bytes:
        """``Forwarded`` (RFC 7239), its older forms, and ``Via`` (RFC 9110 §7.6.3).

        Args:
            host: the request's ``Host`` field; hardly ever another on the same connection.
            scheme: of the public URL.
        """
        if host != self.host:
            self.host = host
            self.said = self._write(host.decode(), scheme.decode())
        return self.said

    def _write(self, host: str, scheme: str) -> bytes:
        node = f'"[{self._peer}]"' if ":" in self._peer else self._peer
        return (
            f"x-forwarded-for: {self._peer}\r\nx-forwarded-host: {host}\r\n"
            f"x-forwarded-proto: {scheme}\r\n"
            f'forwarded: for={node};host="{host}";proto={scheme}\r\n'
            "via: 1.1 supercity\r\n"
        ).encode()


def _source(peer: str) -> str:
    if ":" not in peer:
        return peer
    address = IPv6Address(peer.partition("%")[0])
    mapped = address.ipv4_mapped
    return str(mapped or IPv6Address(int(address) >> 64 << 64))

"""Who is limited together with whom, and how upstreams are told of a client."""

from __future__ import annotations

import pytest

from gateway.core.origin import Origin


@pytest.mark.parametrize(
    ("peer", "source"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::7", "2001:db8:1:2::"),
        ("2001:db8:1:3::7", "2001:db8:1:3::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.2", "192.0.2.2"),
        ("fe80::1%eth0", "fe80::"),
    ],
)
def test_an_ipv6_subscriber_is_one_source_and_each_ipv4_address_is(peer: str, source: str) -> None:
    assert Origin(peer).source == source


def test_an_ipv6_address_is_written_as_rfc_7239_says() -> None:
    fields = Origin("2001:db8::7").fields(b"city.example:8000", b"https")
    assert b'forwarded: for="[2001:db8::7]";host="city.example:8000";proto=https' in fields
    assert b"x-forwarded-for: 2001:db8::7\r\n" in fields


def test_another_host_on_the_same_connection_is_told_as_such() -> None:
    origin = Origin("192.0.2.1")
    assert b"x-forwarded-host: a\r\n" in origin.fields(b"a", b"http")
    assert b"x-forwarded-host: b\r\n" in origin.fields(b"b", b"http")

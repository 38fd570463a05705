from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.kit.outgoing.addresses import is_outside, networks, parse
from schemas.kit.outgoing.guard import Guard, Refused
from schemas.kit.outgoing.model import Request
from schemas.kit.outgoing.sender import Sender
from tests.services.broker.delivery.receiver import Receiver

INSIDE = [
    "127.0.0.1",
    "10.0.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "198.18.0.1",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::1",
    "2001:db8::1",
    "2001:0:7f00:1::1",
    "2002:7f00:1::",
]
OUTSIDE = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("text", INSIDE)
def test_addresses_that_are_somebodys_inside(text: str) -> None:
    assert not is_outside(parse(text))


@pytest.mark.parametrize("text", OUTSIDE)
def test_addresses_in_the_world(text: str) -> None:
    assert is_outside(parse(text))


@given(st.ip_addresses())
def test_nothing_is_outside_that_python_takes_for_private(address: object) -> None:
    found = parse(str(address))
    if found.is_private or found.is_loopback or found.is_multicast or found.is_link_local:
        assert not is_outside(found)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "https:///path",
        "https://",
        "example.com",
        "",
        "https://user:secret@example.com/",
        "https://example.com/#part",
        "https://example.com:22/",
        "https://example.com:99999/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://127。0。0。1/",
        "https://%31%32%37.0.0.1/",
        "https://a\\b.example/",
        "https://exa mple.com/",
        "https://example.com/\r\nHost: inside",
        "https://example.com/" + "x" * 2000,
    ],
)
def test_urls_that_are_never_called(url: str) -> None:
    with pytest.raises(Refused):
        Guard().check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hook?token=1",
        "https://example.com:8443/",
        "https://8.8.8.8/",
        "https://日本語.example/",
    ],
)
def test_urls_that_may_be_called(url: str) -> None:
    assert Guard().check_url(url).scheme == "https"


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    for url in (text, f"https://{text}"):
        with suppress(Refused):
            Guard(networks("any")).check_url(url)


def test_a_city_may_allow_networks_of_its_own_and_there_without_tls() -> None:
    guard = Guard(networks("10.1.0.0/16 fd00::/8"))
    assert guard.check_url("http://10.1.2.3:8080/").scheme == "http"
    for refused in ("http://10.2.0.1/", "http://8.8.8.8/", "https://[::1]/"):
        with pytest.raises(Refused):
            guard.check_url(refused)
    assert Guard(networks("any")).check_url("http://127.0.0.1/").host == "127.0.0.1"
    with pytest.raises(ValueError, match=r"10\.1"):
        networks("10.1.2.3/16")


def resolver(*answers: Sequence[str]) -> object:
    left = list(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


async def called(guard: Guard, url: str) -> str:
    sender = Sender(guard)
    answer = await sender.send(Request(url, b"", {}, timeout=5))
    await sender.close()
    return answer.error


async def test_a_name_that_points_inside_is_not_called(receiver: Receiver) -> None:
    for address in ("127.0.0.1", "::1", "169.254.169.254"):
        guard = Guard(resolve=resolver([address]))  # type: ignore[arg-type]
        error = await called(guard, f"https://sly.example:{receiver.port}/")
        assert error == "not called: it is not an address in the public Internet"


async def test_one_address_inside_is_enough_to_refuse_the_name() -> None:
    guard = Guard(resolve=resolver(["8.8.8.8", "127.0.0.1"]))  # type: ignore[arg-type]
    assert "not called" in await called(guard, "https://sly.example/")


async def test_a_name_is_looked_up_once_for_the_check_and_the_connection(
    receiver: Receiver,
) -> None:
    """DNS rebinding: the second answer would lead elsewhere, and is never asked for."""
    asked = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    guard = Guard(networks("127.0.0.1/32"), resolve=resolve)
    assert await called(guard, f"http://sly.example:{receiver.port}/hook") == ""
    assert asked == ["sly.example"]
    assert receiver.received[0].headers["host"] == f"sly.example:{receiver.port}"


async def test_without_tls_only_where_the_city_allows_it() -> None:
    guard = Guard(networks("127.0.0.0/8"), resolve=resolver(["8.8.8.8"]))  # type: ignore[arg-type]
    assert "https only" in await called(guard, "http://world.example/")


async def test_the_machines_resolver_knows_this_machine(receiver: Receiver) -> None:
    guard = Guard(networks("127.0.0.0/8 ::1/128"))
    assert await called(guard, f"http://localhost:{receiver.port}/") == ""
    assert await called(guard, "http://no-such-name.invalid/") == "no connection"

from __future__ import annotations

from services.broker.delivery.loops import MOST_HOPS, is_back, is_looping, onward, via


def test_an_event_says_which_brokers_it_has_passed() -> None:
    first = onward({}, "a")
    assert first == "a"
    second = onward({"cityvia": first}, "b")
    assert second == "a b"
    assert is_back({"cityvia": second}, "a")
    assert not is_back({"cityvia": second}, "c")
    assert not is_back({"cityvia": 5}, "a")


def test_an_event_that_goes_round_is_stopped_in_the_end() -> None:
    attributes: dict[str, object] = {}
    for hop in range(MOST_HOPS):
        attributes["cityvia"] = onward(attributes, f"broker-{hop}")
    assert onward(attributes, "one-more") is None


def test_a_request_says_which_brokers_it_has_passed() -> None:
    assert via("", "a") == "1.1 a"
    field = via(via("HTTP/1.1 proxy.example (squid)", "a"), "b")
    assert field == "HTTP/1.1 proxy.example (squid), 1.1 a, 1.1 b"
    assert is_looping(field, "a")
    assert is_looping(field, "b")
    assert not is_looping(field, "squid")
    assert not is_looping("", "a")

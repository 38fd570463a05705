"""Conditional requests on entities (RFC 9110 §13)."""

from __future__ import annotations

import httpx
import pytest

from tests.services.broker.conformance.entities.entity import Api, done, prop


def tag(api: Api, **params: str) -> str:
    return str(api.http.get(api.path, params=params).headers["etag"])


def failed(answer: httpx.Response) -> bool:
    return answer.status_code == 412 and bool(answer.json()["detail"])


def test_who_has_it_gets_nothing(api: Api) -> None:
    """§13.1.2: 304."""
    api.create(a=prop(1))
    seen = tag(api)
    for asked in (seen, f'"x", W/{seen}', "*"):
        answer = api.http.get(api.path, headers={"if-none-match": asked})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", seen)
    other = api.http.get(api.path, params={"format": "concise"}, headers={"if-none-match": seen})
    assert other.status_code == 200
    api.http.patch(api.attrs(), json={"a": prop(2)})
    assert api.http.get(api.path, headers={"if-none-match": seen}).status_code == 200


@pytest.mark.parametrize(
    ("method", "below", "body"),
    [
        ("PUT", "", {"type": "Vehicle", "c": prop(3)}),
        ("PATCH", "", {"a": prop(3)}),
        ("DELETE", "", None),
        ("POST", "/attrs", {"c": prop(3)}),
        ("PATCH", "/attrs", {"a": prop(3)}),
        ("PATCH", "/attrs/a", {"value": 3}),
        ("PUT", "/attrs/a", {"value": 3}),
        ("DELETE", "/attrs/a", None),
    ],
)
def test_only_the_state_that_was_read_is_changed(
    api: Api, method: str, below: str, body: object
) -> None:
    """§13.1.1: 412; a tag names the state in whichever representation it was read."""
    api.create(a=prop(1))
    seen = tag(api, format="simplified")
    assert done(api.http.patch(api.attrs(), json={"b": prop(2)}))

    def change(wanted: str) -> httpx.Response:
        return api.http.request(method, api.path + below, json=body, headers={"if-match": wanted})

    before = api.get()
    assert failed(change(seen))
    assert failed(change(f"W/{tag(api)}"))
    assert api.get() == before
    assert done(change(f"{seen}, {tag(api)}"))


def test_any_state_will_do(api: Api) -> None:
    api.create(a=prop(1))
    assert done(api.http.patch(api.attrs(), json={"a": 2}, headers={"if-match": "*"}))


def test_what_is_there_can_be_unwanted(api: Api) -> None:
    """§13.1.2."""
    api.create(a=prop(1))
    for unwanted in ("*", tag(api)):
        answer = api.http.put(api.path, json=api.entity(), headers={"if-none-match": unwanted})
        assert failed(answer)
    assert done(api.http.put(api.path, json=api.entity(), headers={"if-none-match": '"x"'}))

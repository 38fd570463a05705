"""Whatever is sent as a proof, the answer is no, and nothing else happens."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from gateway.control.oauth import dpop
from gateway.control.oauth.dpop import InvalidProof
from gateway.control.oauth.signatures import REGISTRY

URI = "https://city.example/oauth/token"
KEY = ECKey.generate_key("P-256")
PUBLIC = KEY.as_dict(private=False)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


def part(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed(header: object, claims: object) -> str:
    text = f"{part(header)}.{part(claims)}"
    tag = REGISTRY.get_alg("ES256").sign(text.encode(), KEY)
    return f"{text}.{urlsafe_b64encode(tag).rstrip(b'=').decode()}"


def refused(proof: str) -> None:
    with pytest.raises(InvalidProof):
        dpop.check([proof], "POST", URI, 1_000)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_refused(text: str) -> None:
    refused(text)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["typ", "alg", "jwk"]), anything)
def test_any_member_of_the_header_but_the_right_one_is_refused(name: str, value: object) -> None:
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": PUBLIC, name: value}
    refused(signed(header, {"jti": "1", "htm": "POST", "htu": URI, "iat": 1_000}))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["htm", "htu", "iat"]), anything)
def test_any_claim_but_the_right_one_is_refused(name: str, value: object) -> None:
    if name == "iat" and type(value) is int and 940 <= value <= 1_005:
        return
    claims = {"jti": "1", "htm": "POST", "htu": URI, "iat": 1_000, name: value}
    refused(signed({"typ": "dpop+jwt", "alg": "ES256", "jwk": PUBLIC}, claims))


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=30))
def test_any_address_has_one_form_or_none(text: str) -> None:
    form = dpop._same_form(f"https://city.example/{text}")
    assert form == dpop._same_form(form) or "#" in text or "?" in text
    assert "?" not in form
    assert "#" not in form

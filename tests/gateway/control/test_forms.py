"""Reading what clients send: whatever it is, it is understood in one way or refused."""

from __future__ import annotations

import pytest
from authlib.oauth2.rfc6749 import InvalidClientError, OAuth2Error
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.control.oauth.exchange import claimed_client_id
from gateway.control.oauth.forms import FORM, parse_basic, parse_form

BYTES = st.text('ab=&%0FfE\\"+;é\x00 ', max_size=30).map(str.encode) | st.binary(max_size=30)


@settings(deadline=None)
@given(BYTES, st.sampled_from([FORM, f"{FORM}; charset=utf-8", "text/plain", ""]))
def test_a_form_is_read_or_refused(body: bytes, media: str) -> None:
    try:
        form = parse_form(body, media)
    except OAuth2Error as error:
        status, _, _ = error()
        assert status == 400
    else:
        assert media.startswith(FORM)
        assert all(form.values())
        assert len(form) <= body.count(b"=") + 1


@settings(deadline=None)
@given(st.text("Basic YTpi=:!é ", max_size=20) | st.just("Basic ") | st.just("basic YTpi"))
def test_a_basic_header_is_read_or_refused(value: str) -> None:
    try:
        found = parse_basic({"authorization": value})
    except InvalidClientError as error:
        assert error()[0] == 401
    else:
        assert found is None or found[0]


@settings(deadline=None)
@given(st.text('aeyJ.0{}[]"é-_', max_size=30))
def test_an_unverified_assertion_is_never_trusted_nor_fatal(assertion: str) -> None:
    assert isinstance(claimed_client_id({"client_assertion": assertion}, None), str)


def test_an_empty_parameter_counts_as_left_out() -> None:
    assert parse_form(b"a=&b=1", FORM) == {"b": "1"}


@pytest.mark.parametrize("body", [b"a=1&a=1", b"a=1&a=", b"a&a", b"a=1;a=2&a=3"])
def test_nothing_is_given_twice(body: bytes) -> None:
    with pytest.raises(OAuth2Error):
        parse_form(body, FORM)

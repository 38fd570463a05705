"""Authorization details: what is read, and what is refused whole."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from authlib.oauth2.rfc6749 import OAuth2Error
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.control.consent import details
from gateway.control.consent.request import Wanted, judge
from gateway.control.oauth.clients import Client
from tests.gateway.control.consent.apis import compiled, detail

NOW, END = 1_000_000, 2_000_000
CLIENT = Client(
    "c", "C", "partner", (), (), (), "none", (1, 1),
    purposes=("transport-to-care", "service-provision"),
)  # fmt: skip
APIS = compiled()


def wanted(*asked: dict[str, Any], scope: str = "medical:appointments") -> tuple[Wanted, ...]:
    parameters = {"authorization_details": json.dumps(asked)} if asked else {}
    return judge(parameters, scope, CLIENT, APIS, NOW, END)


def test_a_detail_names_fields_purpose_and_end() -> None:
    (one,) = wanted(detail(fields=["time", "place"], purpose="service-provision", until=NOW + 5))
    assert (one.dataset.id, one.fields, one.until) == ("appointments", ("time", "place"), NOW + 5)
    assert one.purpose.id == "service-provision"
    assert [field.id for field in one.shown] == ["time", "place"]


def test_what_is_left_out_is_all_of_it_for_the_registered_purpose_until_the_end() -> None:
    (one,) = wanted(detail())
    assert (one.fields, one.until, one.purpose.id) == ((), END, "transport-to-care")
    (late,) = wanted(detail(until=END + 1))
    assert late.until == END


def test_scopes_alone_ask_for_every_data_set_behind_them_whole() -> None:
    found = wanted(scope="medical:appointments medical:records mobility:rides medical:read")
    assert [(one.dataset.id, one.purpose.id, one.fields) for one in found] == [
        ("records", "service-provision", ()),  # which may not be used for transport
        ("appointments", "transport-to-care", ()),
        ("rides", "transport-to-care", ()),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "at least 1"),
        ("{}", "valid list"),
        ("[1]", "/0"),
        ("nonsense", "not JSON"),
        ('[{"type":"city_data","dataset":"appointments","dataset":"rides"}]', "twice"),
        ('[{"type":"city_data","dataset":NaN}]', "not JSON"),
        ("[" * 5000, "not JSON"),
        (json.dumps([detail(), detail("x" * 20_000)]), "characters"),
        (json.dumps([detail()] * 13), "at most 12"),
        (json.dumps([{"type": "payment", "dataset": "appointments"}]), "only type is city_data"),
        (json.dumps([{"dataset": "appointments"}]), "/0/type"),
        (json.dumps([detail(locations=["x"])]), "/0/locations"),
        (json.dumps([detail(fields=[])]), "/0/fields"),
        (json.dumps([detail(fields="time")]), "/0/fields"),
        (json.dumps([detail(until="2000000")]), "/0/until"),
        (json.dumps([detail(until=NOW)]), "past"),
        (json.dumps([detail(essential=1)]), "/0/essential"),
        (json.dumps([detail("rides")]), "open appointments"),
        (json.dumps([detail("nothing")]), "open appointments"),
        (json.dumps([detail(fields=["time", "diagnosis"])]), "diagnosis is none"),
        (json.dumps([detail(purpose="care")]), "transport-to-care"),
        (json.dumps([detail(purpose="vital-interest")]), "transport-to-care"),
        (json.dumps([detail(), detail(fields=["time"])]), "twice"),
    ],
)
def test_what_is_not_understood_whole_is_refused(text: str, said: str) -> None:
    with pytest.raises(OAuth2Error) as refused:
        judge({"authorization_details": text}, "medical:appointments", CLIENT, APIS, NOW, END)
    assert refused.value.error == "invalid_authorization_details"
    assert said in refused.value.description


def test_a_scope_whose_data_fits_none_of_the_purposes_is_refused() -> None:
    client = Client("c", "C", "partner", (), (), (), "none", (1, 1), purposes=("payment",))
    with pytest.raises(OAuth2Error) as refused:
        judge({}, "medical:records", client, APIS, NOW, END)
    assert refused.value.error == "invalid_scope"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(string.printable, max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "dataset", "fields", "purpose", "until", "x"]), inner
        )
    ),
    max_leaves=8,
)


@settings(max_examples=60)
@given(st.text(max_size=40) | _JSON.map(json.dumps))
def test_anything_is_either_read_or_refused_in_words_that_may_be_sent(text: str) -> None:
    try:
        details.parse(text)
    except OAuth2Error as error:
        allowed = set(map(chr, range(0x20, 0x7F))) - set('"\\')
        assert set(error.description) <= allowed

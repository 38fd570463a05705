from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.broker.context.errors import BadRequestData
from services.broker.context.jsonld import CORE, DEFAULT, NGSI_LD, context_of

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True)
iris = st.from_regex(r"https://example\.org/[a-z]{1,8}[#/][A-Za-z]{1,8}", fullmatch=True)


@given(names)
def test_a_short_name_comes_back(name: str) -> None:
    assert CORE.compact(CORE.expand(name)) == name


@given(st.dictionaries(names, iris, max_size=5), names)
def test_a_name_comes_back_under_the_context_that_expanded_it(
    terms: dict[str, str], name: str
) -> None:
    context = context_of([terms, "https://example.org/more.jsonld"])
    compacted = context.compact(context.expand(name))
    assert context.expand(compacted) == context.expand(name)


def test_unknown_names_are_in_the_default_context() -> None:
    assert CORE.expand("speed") == DEFAULT + "speed"
    assert CORE.expand("location") == NGSI_LD + "location"
    assert CORE.expand("https://example.org/x") == "https://example.org/x"


def test_no_context_changes_a_core_term() -> None:
    context = context_of({"location": "https://example.org/elsewhere"})
    assert context.expand("location") == NGSI_LD + "location"


def test_prefixes_are_applied() -> None:
    context = context_of({"ex": "https://example.org/", "car": {"@id": "ex:Vehicle"}})
    assert context.expand("ex:speed") == "https://example.org/speed"
    assert context.expand("car") == "https://example.org/Vehicle"
    assert context.compact("https://example.org/Vehicle") == "car"


@pytest.mark.parametrize("name", ["", "a b", 'a"b', "a<b", "x" * 501, "a'b", "a{b"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(BadRequestData):
        CORE.expand(name)


@pytest.mark.parametrize("context", [5, [5], [[]], True])
def test_what_is_no_context(context: object) -> None:
    with pytest.raises(BadRequestData):
        context_of(context)

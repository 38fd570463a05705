from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.broker.context.errors import BadRequestData
from services.broker.context.jsonld import CORE, CORE_CONTEXT_URL, DEFAULT, NGSI_LD, Context
from services.broker.context.ld.process import check_context, compile_context

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,20}", fullmatch=True)


def context_of(value: Any, **documents: Any) -> Context:
    check_context(value)
    return compile_context(value, documents)


@given(names)
def test_a_short_name_comes_back(name: str) -> None:
    if name not in ("id", "type"):
        assert CORE.compact(CORE.expand(name)) == name


def test_unknown_names_are_in_the_default_context() -> None:
    assert CORE.expand("speed") == DEFAULT + "speed"
    assert CORE.expand("location") == NGSI_LD + "location"
    assert CORE.expand("https://example.org/x") == "https://example.org/x"


def test_no_context_changes_a_core_term() -> None:
    """§5.5.7: the core context has precedence, wherever it stands."""
    for value in (
        {"location": "https://example.org/elsewhere"},
        [CORE_CONTEXT_URL, {"location": "https://example.org/elsewhere"}],
    ):
        context = context_of(value)
        assert context.expand("location") == NGSI_LD + "location"
        assert context.compact(NGSI_LD + "location") == "location"


def test_an_alias_of_a_core_iri_expands_and_comes_back_as_the_core_term() -> None:
    context = context_of({"p": f"{NGSI_LD}location"})
    assert context.expand("p") == NGSI_LD + "location"
    assert context.compact(NGSI_LD + "location") == "location"


def test_prefixes_are_applied() -> None:
    context = context_of({"ex": "https://example.org/", "car": {"@id": "ex:Vehicle"}})
    assert context.expand("ex:speed") == "https://example.org/speed"
    assert context.compact("https://example.org/speed") == "ex:speed"
    assert context.expand("car") == "https://example.org/Vehicle"
    assert context.compact("https://example.org/Vehicle") == "car"


def test_of_two_terms_for_one_iri_the_shorter_is_used_then_the_first() -> None:
    context = context_of(dict.fromkeys(("velocity", "vb", "va"), "https://example.org/v"))
    assert context.compact("https://example.org/v") == "va"


def test_a_name_that_is_a_term_here_is_not_short_for_the_default_one() -> None:
    context = context_of({"speed": "https://example.org/speed"})
    assert context.compact(DEFAULT + "speed") == DEFAULT + "speed"
    assert context.compact(DEFAULT + "other") == "other"


def test_a_term_that_means_nothing_is_refused() -> None:
    with pytest.raises(BadRequestData, match="null"):
        context_of({"secret": None}).expand("secret")


def test_values_of_a_vocabulary_are_expanded_as_terms_and_never_refused() -> None:
    """§4.5.20."""
    context = context_of({"ex": "https://example.org/", "diesel": "ex:Diesel"})
    assert context.expand_vocab("diesel") == "https://example.org/Diesel"
    assert context.expand_vocab("ex:gas") == "https://example.org/gas"
    assert context.expand_vocab("two words") == DEFAULT + "two words"
    for text in ("diesel", "ex:gas", "two words"):
        assert context.compact_vocab(context.expand_vocab(text)) == text


@pytest.mark.parametrize("name", ["speed", "a1", "x_y", "温度", "Ⅷ".lower(), "ex:speed", "urn:a:b"])
def test_what_is_a_name(name: str) -> None:
    """§4.6.2: letters and numbers of any script, and the underscore; or an IRI."""
    if name[0].isalpha():
        assert CORE.expand(name)


@pytest.mark.parametrize(
    "name",
    ["", "a b", 'a"b', "a<b", "x" * 501, "a'b", "a{b", "1a", "_a", "a-b", "a.b", "@a", ":a", "a:"],
)
def test_what_is_no_name(name: str) -> None:
    """§4.6.2."""
    with pytest.raises(BadRequestData):
        CORE.expand(name)


@pytest.mark.parametrize(
    ("given", "source", "url"),
    [
        ("https://e.org/c", ["https://e.org/c", CORE_CONTEXT_URL], "https://e.org/c"),
        (["https://e.org/c"], ["https://e.org/c", CORE_CONTEXT_URL], "https://e.org/c"),
        ([CORE_CONTEXT_URL, {"a": "e:a"}], [{"a": "e:a"}, CORE_CONTEXT_URL], ""),
        (CORE_CONTEXT_URL, CORE_CONTEXT_URL, CORE_CONTEXT_URL),
        ([], CORE_CONTEXT_URL, CORE_CONTEXT_URL),
        ({}, CORE_CONTEXT_URL, CORE_CONTEXT_URL),
    ],
)
def test_the_core_context_is_the_last_of_an_answers_contexts(
    given: Any, source: Any, url: str
) -> None:
    """§4.4."""
    context = Context(source=given)
    assert (context.source, context.url) == (source, url)
    assert bool(context.link) == bool(url)


def test_names_that_others_invent_do_not_fill_the_memory() -> None:
    context = context_of({"ex": "https://example.org/"})
    for number in range(25_000):
        context.compact(context.expand(f"ex:n{number}"))
    assert len(context._expanded) <= 10_000
    assert len(context._compacted) <= 10_000

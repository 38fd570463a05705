from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyld import jsonld

from services.broker.context.errors import BadRequestData
from services.broker.context.jsonld import DEFAULT, NGSI_LD
from services.broker.context.ld.core import CORE_CONTEXT_URL, CORE_TERMS, is_core
from services.broker.context.ld.process import check_context, compile_context, urls_in

CORE_DOCUMENT = {**CORE_TERMS, "@vocab": DEFAULT}
NAMES = ("speed", "ex", "other", "a", "Vehicle", "location", "status")

_iris = st.sampled_from(
    ["https://e.org/x", "https://e.org/ns#", "ex:y", "other:z", "urn:a:b", "https://e.org/x/"]
)
_definitions = st.one_of(
    _iris,
    st.none(),
    st.builds(lambda iri: {"@id": iri}, _iris),
    st.builds(lambda iri: {"@id": iri, "@type": "@id"}, _iris),
    st.builds(lambda iri: {"@id": iri, "@prefix": True}, st.just("https://e.org/p/")),
)
_contexts = st.dictionaries(st.sampled_from(NAMES), _definitions, max_size=5)


@settings(max_examples=150)
@given(_contexts, st.sampled_from((*NAMES, "ex:name", "other:name", "unknown", "https://e.org/q")))
def test_names_expand_as_a_whole_json_ld_processor_expands_them(
    terms: dict[str, Any], name: str
) -> None:
    document = {"@context": [terms, CORE_DOCUMENT], name: 1}
    try:
        [found] = jsonld.expand(document) or [{}]
    except jsonld.JsonLdError:
        with pytest.raises(BadRequestData):
            compile_context(terms, {})
        return
    context = compile_context(terms, {})
    if not found:
        with pytest.raises(BadRequestData):  # JSON-LD drops it; a broker says so
            context.expand(name)
    else:
        assert [context.expand(name)] == list(found)


@settings(max_examples=150)
@given(
    _contexts,
    st.sampled_from(
        ["https://e.org/x", "https://e.org/p/q", "https://e.org/ns#n", DEFAULT + "a", NGSI_LD + "q"]
    ),
)
def test_a_compacted_name_means_what_it_came_from(terms: dict[str, Any], iri: str) -> None:
    try:
        context = compile_context(terms, {})
    except BadRequestData:
        return
    assert context.expand(context.compact(iri)) == iri
    for name in NAMES:
        if terms.get(name, "") is not None:
            assert context.expand(context.compact(context.expand(name))) == context.expand(name)


def test_a_context_is_read_with_the_documents_that_it_names() -> None:
    documents = {
        "https://e.org/a": ["b", {"speed": "ex:speed"}],
        "https://e.org/b": {"ex": "https://example.org/"},
        "https://e.org/c": {"@import": "https://e.org/b", "fuel": "ex:fuel"},
    }
    context = compile_context(["https://e.org/a", "https://e.org/c", CORE_CONTEXT_URL], documents)
    assert context.expand("speed") == "https://example.org/speed"
    assert context.expand("fuel") == "https://example.org/fuel"


def test_the_urls_in_a_context_are_those_to_fetch() -> None:
    value = ["https://e.org/a", {"@import": "i.jsonld"}, CORE_CONTEXT_URL, {"x": "https://e.org/"}]
    assert urls_in(value, "https://e.org/d/") == ["https://e.org/a", "https://e.org/d/i.jsonld"]


@pytest.mark.parametrize(
    "url",
    [
        "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld",
        "http://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld",
        *(f"https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.{n}.jsonld" for n in range(10)),
        "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.3.1.jsonld",
        "https://uri.etsi.org/ngsi-ld/ngsi-ld-core-context.jsonld",
    ],
)
def test_every_url_of_the_core_context_is_known(url: str) -> None:
    """§4.4."""
    assert is_core(url)
    assert urls_in([url]) == []


@pytest.mark.parametrize(
    "context",
    [
        5,
        [5],
        [[]],
        True,
        "",
        {"a": 5},
        {"a": ["x"]},
        {"a": {"@id": "https://e.org/a", "@context": {"b": "https://e.org/b"}}},
        ["https://e.org/"] * 21,
        {f"t{n}": "https://e.org/" for n in range(50_001)},
    ],
)
def test_what_is_no_context(context: object) -> None:
    """§5.5.7: no scoped contexts; §5.5.4: no others than JSON-LD has."""
    with pytest.raises(BadRequestData):
        check_context(context)


@pytest.mark.parametrize(
    "context",
    [
        {"a": "b:c", "b": "a:d"},
        {"a": {"@id": 5}},
        {"a": {"@id": "https://e.org/a", "@type": "no iri"}},
        {"@version": 2},
        {"a": {"@id": "https://e.org/a", "@container": "@nothing"}},
        [{"@protected": True, "a": "https://e.org/a"}, {"a": "https://e.org/b"}],
        {"@vocab": 5},
    ],
)
def test_what_breaks_the_rules_of_json_ld(context: Any) -> None:
    with pytest.raises(BadRequestData):
        compile_context(context, {})

"""What a reader wants of an entity (GS CIM 009 §5.7.1, §4.5.5, §4.15, §4.21, §6.3.7, §6.3.11)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.broker.conformance.entities.entity import (
    DATASET,
    Api,
    bad_data,
    not_found,
    prop,
    rel,
    words,
)


def test_attrs_shows_attributes(api: Api) -> None:
    """§6.5.3.1."""
    api.create(a=prop(1), b=prop(2), scope="/A")
    assert api.get(attrs="a,c") == api.entity(a=prop(1))


def test_attrs_that_are_not_there_are_not_found(api: Api) -> None:
    """§5.7.1.4: ResourceNotFound."""
    api.create(a=prop(1))
    assert not_found(api.http.get(api.path, params={"attrs": "b,c"}))


def test_attrs_names_attributes_only(api: Api) -> None:
    """§6.5.3.1: id, type, scope are not allowed."""
    api.create(a=prop(1))
    assert bad_data(api.http.get(api.path, params={"attrs": "a,type"}))


@pytest.mark.parametrize(
    ("pick", "members"),
    [
        ("a", ["a"]),
        ("id,a", ["id", "a"]),
        ("id|type|scope", ["id", "type", "scope"]),
        ("a,b,nothing", ["a", "b"]),
    ],
)
def test_pick_shows_members(api: Api, pick: str, members: list[str]) -> None:
    """§4.21, §6.5.3.1: only those named, id and type among them."""
    whole = api.entity(a=prop(1), b=prop(2), scope="/A")
    api.create(a=prop(1), b=prop(2), scope="/A")
    assert api.get(pick=pick) == {name: whole[name] for name in members}


def test_omit_hides_members(api: Api) -> None:
    """§4.21, §6.5.3.1."""
    api.create(a=prop(1), b=prop(2), scope="/A")
    assert api.get(omit="a,scope") == api.entity(b=prop(2))
    assert api.get(omit="id,type,scope,b") == {"a": prop(1)}
    assert api.get(pick="id,a,b", omit="b") == {"id": api.id, "a": prop(1)}


@pytest.mark.parametrize("text", ["a,,b", "a{b", "a}b", "{a}", "a{}", ","])
def test_a_projection_has_its_grammar(api: Api, text: str) -> None:
    """§4.21."""
    api.create(a=prop(1))
    for parameter in ("pick", "omit"):
        assert bad_data(api.http.get(api.path, params={parameter: text}))


def test_members_of_linked_entities_need_their_retrieval(api: Api) -> None:
    """§5.7.1.4: BadRequestData."""
    api.create(a=rel("urn:a:1"))
    assert bad_data(api.http.get(api.path, params={"pick": "a{b}"}))


def test_names_in_parameters_are_expanded(api: Api) -> None:
    """§5.7.1.4, §5.5.7."""
    api.create(a=prop(1), b=prop(2))
    whole = "https://uri.etsi.org/ngsi-ld/default-context/a"
    assert api.get(attrs=whole) == api.get(attrs="a")


def test_datasets(api: Api) -> None:
    """§4.5.5.1, §5.7.1.4: only instances of these; what has none is not shown."""
    api.create(a=[prop(1), prop(2, datasetId=DATASET)], b=prop(3), c=prop(4, datasetId="urn:d:2"))
    assert api.attributes(datasetId=DATASET) == {"a": prop(2, datasetId=DATASET)}
    assert api.attributes(datasetId="@none") == {"a": prop(1), "b": prop(3)}
    both = api.attributes(datasetId=f"@none,{DATASET}", format="simplified")
    assert both == {"a": {"dataset": {"@none": 1, DATASET: 2}}, "b": 3}
    assert bad_data(api.http.get(api.path, params={"datasetId": "gps"}))


@pytest.mark.parametrize(
    ("lang", "text", "chosen"),
    [
        ("en", "bus", "en"),
        ("EN", "bus", "en"),
        ("de", "des autres", "@none"),
        ("*", "des autres", "@none"),
        ("fr-CH,fr", "car", "fr-CH"),
        ("fr;q=0.5,en;q=0.8", "bus", "en"),
        ("de,ja-JP;q=0.9", "バス", "ja"),
        ("zh,*;q=0.1", "des autres", "@none"),
        ("pt", "des autres", "@none"),
        ("es", "guagua", "es-CU"),
    ],
)
def test_one_language(api: Api, lang: str, text: str, chosen: str) -> None:
    """§4.15, §5.7.1.5: a LanguageProperty becomes a Property that says its language."""
    languages = {
        "en": "bus",
        "fr-CH": "car",
        "ja": "バス",
        "es-CU": "guagua",
        "@none": "des autres",
    }
    api.create(a=words(**languages), b=prop(1, of=words(**languages)))
    property_ = prop(text, lang=chosen)
    assert api.attributes(lang=lang) == {"a": property_, "b": prop(1, of=property_)}
    assert api.attributes(lang=lang, format="simplified") == {"a": text, "b": 1}
    concise = {"value": text, "lang": chosen}
    assert api.attributes(lang=lang, format="concise")["a"] == concise


def test_texts_of_one_language(api: Api) -> None:
    """§5.7.1.5: the string or strings."""
    api.create(a=words(en=["bus", "coach"]))
    assert api.attributes(lang="ja") == {"a": prop(["bus", "coach"], lang="en")}


@pytest.mark.parametrize("lang", ["e n", "en;q=5", "en;v=1", "-"])
def test_what_is_no_language_is_refused(api: Api, lang: str) -> None:
    api.create(a=words(en="bus"))
    assert bad_data(api.http.get(api.path, params={"lang": lang}))


@pytest.mark.parametrize("form", ["normalized", "concise", "simplified"])
def test_system_times(api: Api, form: str) -> None:
    """§6.3.11: of the entity and of its attributes, where they have a place."""
    api.create(a=prop(1))
    found = api.get(options="sysAttrs", format=form)
    assert found["createdAt"] == found["modifiedAt"]
    if form == "simplified":
        assert found["a"] == 1
    else:
        assert found["a"]["createdAt"] == found["a"]["modifiedAt"] == found["createdAt"]
    assert "createdAt" not in str(api.get(format=form))


def test_a_form_that_there_is(api: Api) -> None:
    """§6.3.7."""
    api.create(a=prop(1))
    assert api.http.get(api.path, params={"format": "short"}).status_code == 400


def test_format_goes_before_options(api: Api) -> None:
    """§6.3.7: options is the older way."""
    api.create(a=prop(1))
    found: Any = api.attributes(format="normalized", options="keyValues")
    assert found == {"a": prop(1)}

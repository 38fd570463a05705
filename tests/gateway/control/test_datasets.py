"""Data sets in a document: what is refused, and what the routing core is told."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from gateway.control.policy.compiler import CompiledApi, compile_api
from gateway.control.policy.datasets import rules
from tests.gateway.control.test_compiler import DOCUMENT, THIRD


def compiled(**dataset: Any) -> CompiledApi:
    """The parks, whose benches know who sits on them."""
    document = copy.deepcopy(DOCUMENT)
    described = document["x-city"]["datasets"]
    (sitters,) = [one for one in described if one["id"] == "sitters"]
    sitters |= dataset
    document["paths"]["/benches/{bench}"]["put"]["x-city"] = {
        "access": "personal",
        "dataset": "sitters",
    }
    return compile_api(json.dumps(document).encode(), THIRD)


def field(name: str, *paths: str) -> dict[str, Any]:
    return {"id": name, "title": name, "titleJa": name, "paths": list(paths)}


def test_the_core_is_told_what_is_not_open() -> None:
    api = compiled(fields=[field("name", "total", "items.name"), field("seat", "total")])
    assert not api.faults
    assert rules([api.info]) == {
        "sitters": {
            "legal_class": "personal",
            "domain": api.info.domain,
            "fields": {"name": ["total", "items.name"], "seat": ["total"]},
        }
    }


@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        ({"legalClass": "pseudonymised"}, "personal or person-related"),
        ({"legalClass": "anonymised"}, "personal or person-related"),
        ({"legalClass": "open"}, "personal or person-related"),
        ({"purposes": ["anything"]}, "no purpose"),
        ({"purposes": ["vital-interest"]}, "no purpose"),
        ({"fields": [field("a", "x"), field("a", "y")]}, "2 times"),
        ({"fields": [field("a", "items"), field("b", "items.name")]}, "lies within"),
        ({"fields": [field("a", "items", "items.name")]}, "lies within"),
        ({"fields": [field("a", "items..name")]}, "pattern"),
        ({"fields": [field("a", "items[0]")]}, "pattern"),
        ({"fields": [field("a")]}, "at least 1"),
    ],
)
def test_what_could_not_be_consented_to_is_refused(dataset: dict[str, Any], said: str) -> None:
    faults = compiled(**dataset).faults
    assert any(said in f"{one.what} {one.fix}" for one in faults), faults


def test_fields_are_for_consent() -> None:
    document = copy.deepcopy(DOCUMENT)
    benches = document["x-city"]["datasets"][0]
    benches["fields"] = [field("a", "x")]
    api = compile_api(json.dumps(document).encode(), THIRD)
    assert [fault.where for fault in api.faults] == ["/x-city/datasets/0/fields"]

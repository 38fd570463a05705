"""Which operations give residents what is theirs."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from gateway.control.policy.compiler import compile_api
from gateway.control.policy.territory import territory
from gateway.control.portability.sources import Source, sources
from tests.gateway.control.consent.apis import compiled, document

RECORD = "/medical/v1/residents/{resident}/records/{record}"


def found(api: dict[str, Any]) -> list[Source]:
    read = compile_api(json.dumps(api).encode(), territory("medical", internal=True))
    assert not read.faults
    return sources([read])


def test_every_personal_list_is_one_and_names_the_resident_as_me() -> None:
    assert [(one.path, one.dataset.id, one.scopes) for one in sources(compiled())] == [
        ("/education/v1/residents/me/enrolments", "enrolments", ("education:enrolments",)),
        ("/medical/v1/residents/me/appointments", "appointments", ("medical:appointments",)),
        ("/medical/v1/residents/me/records", "records", ("medical:records",)),
        ("/mobility/v1/residents/me/rides", "rides", ("mobility:rides",)),
        ("/payments/v1/residents/me/payments", "payments", ("payments:payments",)),
    ]


@pytest.mark.parametrize("what", ["one record", "a stream", "not personal"])
def test_what_is_no_list_of_ones_own_is_none(what: str) -> None:
    api = document("medical", records={})
    item = api["paths"].pop("/medical/v1/residents/{resident}/records")
    path = "/medical/v1/residents/{resident}/records"
    if what == "one record":
        path = RECORD
        item["parameters"].append({"name": "record", "in": "path"})
    elif what == "a stream":
        item["get"]["x-city"]["stream"] = True
    else:
        item["get"]["x-city"] = {"access": "scoped"}
    api["paths"][path] = item
    assert found(api) == []


def test_two_lists_of_one_data_set_are_told_apart() -> None:
    api = document("medical", records={})
    item = deepcopy(api["paths"]["/medical/v1/residents/{resident}/records"])
    item["get"]["operationId"] = "get-summary"
    del item["post"]
    api["paths"]["/medical/v1/residents/{resident}/summary"] = item
    titles = [one.title("ja") for one in found(api)]
    assert titles == ["本人のrecords (records)", "本人のrecords (summary)"]

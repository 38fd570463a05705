from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import BaseModel, ValidationError

from schemas.cloudevents import CloudEvent, event
from schemas.xcity import operation


class Rang(BaseModel):
    times: int


NOW = datetime(2026, 1, 1, tzinfo=UTC)


def ring(key: str = "", times: int = 1) -> CloudEvent:
    return event(
        "city.church.bell.rang",
        Rang(times=times),
        source="/church",
        subject="urn:bell:1",
        time=NOW,
        key=key,
    )


def test_the_same_happening_said_twice_is_one_event() -> None:
    assert ring("noon").id == ring("noon").id
    assert ring("noon").id != ring("one").id
    assert ring().id != ring().id


def test_the_topic_is_the_type_without_its_verb() -> None:
    assert ring().topic == "city.church.bell"


def test_extension_attributes_are_kept() -> None:
    said = {**ring().as_json(), "traceparent": "00-1-2-01"}
    assert CloudEvent.model_validate(said).as_json() == said


@pytest.mark.parametrize(
    "change",
    [
        {"specversion": "0.3"},
        {"type": "bell"},
        {"type": "city.church.bell"},
        {"subject": ""},
        {"time": "2026-01-01T00:00:00"},
        {"data": "ding"},
        {"id": ""},
    ],
)
def test_an_envelope_that_breaks_the_rules_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        CloudEvent.model_validate({**ring().as_json(), **change})


def test_an_operation_names_scopes_or_is_open() -> None:
    with pytest.raises(ValueError, match="or is open"):
        operation()
    with pytest.raises(ValueError, match="or is open"):
        operation("a:b", access="open")
    assert operation(access="open")["security"] == []

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.logistics import epcis
from connectors.logistics.events import date_time
from schemas.problem import Problem
from tests.connectors.logistics.epcis_events import (
    ITEM,
    OTHER,
    PALLET,
    document,
    event,
    packed,
    seen,
)

GOOD = [
    seen(0, 1, ITEM),
    packed(1, PALLET, ITEM),
    packed(2, PALLET, action="DELETE"),
    event("AggregationEvent", 3, action="OBSERVE", childEPCs=[ITEM]),
    event("AssociationEvent", 3, action="ADD", parentID=PALLET, childEPCs=[ITEM]),
    event(
        "TransactionEvent",
        4,
        action="ADD",
        epcList=[ITEM],
        bizTransactionList=[{"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:1:2"}],
    ),
    event("TransformationEvent", 5, inputEPCList=[ITEM], outputEPCList=[OTHER]),
    event("TransformationEvent", 5, inputEPCList=[ITEM], transformationID="urn:x:1"),
    event("ObjectEvent", 6, action="ADD", epcList=[ITEM], ilmd={"example:lot": "1"}),
    event(
        "ObjectEvent",
        7,
        action="OBSERVE",
        quantityList=[{"epcClass": "urn:epc:class:lgtin:4012345.012345.9", "quantity": 200.5}],
        bizStep="https://ref.gs1.org/cbv/BizStep-shipping",
    ),
]


@pytest.mark.parametrize("one", GOOD)
def test_events_of_every_kind_are_read(one: dict[str, Any]) -> None:
    (read,) = epcis.parse(document(one)).events
    assert {name: read.body[name] for name in one} == one


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in seen(0, 1, ITEM).items() if key != name}


@pytest.mark.parametrize(
    ("one", "where"),
    [
        (without("eventTime"), "/eventTime"),
        (without("eventTimeZoneOffset"), "/eventTimeZoneOffset"),
        (without("action"), "/action"),
        (without("epcList"), ""),
        (without("type"), "/type"),
        (seen(0, 1, "no uri"), "/epcList/0"),
        (seen(0, 1, ITEM, action="MOVE"), "/action"),
        (seen(0, 1, ITEM, eventTime="2026-04-01T09:00:00"), "/eventTime"),
        (seen(0, 1, ITEM, eventTime="2026-04-31T09:00:00Z"), "/eventTime"),
        (seen(0, 1, ITEM, eventTimeZoneOffset="9"), "/eventTimeZoneOffset"),
        (seen(0, 1, ITEM, eventID="1"), "/eventID"),
        (seen(0, 1, ITEM, readPoint={"id": "x"}), "/readPoint/id"),
        (seen(0, 1, ITEM, readPoint="urn:x:y"), "/readPoint/id"),
        (seen(0, 1, ITEM, bizStep="Ship It"), "/bizStep"),
        (seen(0, 1, ITEM, evenTime="x"), "/evenTime"),
        (seen(0, 1, ITEM, parentID=PALLET), "/parentID"),
        (seen(0, 1, ITEM, ilmd={}), "/ilmd"),
        (seen(0, 1, ITEM, epcList=ITEM), "/epcList"),
        (seen(0, 1, ITEM, quantityList=[{"quantity": 1}]), "/quantityList/0/epcClass"),
        (
            seen(0, 1, quantityList=[{"epcClass": "urn:x:y", "quantity": "1"}]),
            "/quantityList/0/quantity",
        ),
        (
            seen(0, 1, ITEM, bizTransactionList=[{"type": "po"}]),
            "/bizTransactionList/0/bizTransaction",
        ),
        (seen(0, 1, ITEM, errorDeclaration={}), "/errorDeclaration/declarationTime"),
        (event("AggregationEvent", 0, action="ADD", childEPCs=[ITEM]), "/parentID"),
        (event("AggregationEvent", 0, action="ADD", parentID=PALLET), ""),
        (event("AssociationEvent", 0, action="OBSERVE", childEPCs=[ITEM]), "/parentID"),
        (event("TransactionEvent", 0, action="ADD", epcList=[ITEM]), "/bizTransactionList"),
        (event("TransformationEvent", 0, inputEPCList=[ITEM]), ""),
        (event("TransformationEvent", 0), ""),
        (event("QuantityEvent", 0), "/type"),
        ("text", ""),
    ],
)
def test_a_faulty_event_is_refused_with_a_pointer_to_the_fault(one: Any, where: str) -> None:
    with pytest.raises(Problem) as refused:
        epcis.parse(document(seen(0, 1, ITEM), one))
    assert refused.value.status == 422
    assert refused.value.faults[0].where == f"/epcisBody/eventList/1{where}"


def described(name: Any, **more: Any) -> dict[str, Any]:
    """A header that describes one place."""
    said = {**({} if name is None else {"name": name}), **more}
    attributes = [{"id": f"cbvmda:{key}", "attribute": value} for key, value in said.items()]
    element = {"id": "urn:epc:id:sgln:0614141.00001.0", "attributes": attributes}
    kind = "urn:epcglobal:epcis:vtype:ReadPoint"
    vocabulary = {"type": kind, "vocabularyElementList": [element]}
    return {"epcisMasterData": {"vocabularyList": [vocabulary]}}


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b"", "line 1"),
        (document(GOOD[0])[:-9], "line 1"),
        ("口座".encode("shift_jis"), "line 1"),
        (b"[]", ""),
        (b"{}", "/type"),
        (document(type="Else"), "/type"),
        (document(schemaVersion="1.2"), "/schemaVersion"),
        (document(creationDate="now"), "/creationDate"),
        (document(epcisBody={}), "/epcisBody/eventList"),
        (document(epcisBody=[]), "/epcisBody/eventList"),
        (document(epcisHeader={"epcisMasterData": 1}), "/epcisHeader"),
        (document(epcisHeader=described("a\x00b")), "/epcisHeader"),
        (document(epcisHeader=described(None, latitude="far")), "/epcisHeader"),
        (document(epcisHeader=described(None, longitude=181)), "/epcisHeader"),
        (b"[" * 5000, "line 1"),
    ],
)
def test_what_is_no_document_is_refused(raw: bytes, where: str) -> None:
    with pytest.raises(Problem) as refused:
        epcis.parse(raw)
    assert refused.value.faults[0].where.startswith(where)


def test_a_deep_event_is_refused() -> None:
    deep: Any = 1
    for _ in range(40):
        deep = {"example:x": deep}
    with pytest.raises(Problem, match="not acceptable"):
        epcis.parse(document(seen(0, 1, ITEM, **{"example:x": deep})))


def test_too_many_events_are_refused() -> None:
    with pytest.raises(Problem) as refused:
        epcis.parse(document(*[{}] * (epcis.MOST_EVENTS + 1)))
    assert "at most" in refused.value.faults[0].fix


def test_an_event_without_an_id_gets_the_same_one_each_time() -> None:
    one = seen(0, 1, ITEM)
    (first,) = epcis.parse(document(one)).events
    (again,) = epcis.parse(document(dict(reversed(one.items())))).events
    (later,) = epcis.parse(document(seen(1, 1, ITEM))).events
    assert first.id == again.id != later.id
    assert first.id.startswith("ni:///sha-256;")


def test_one_moment_written_in_two_ways_is_one_event() -> None:
    (here,) = epcis.parse(document(seen(0, 1, ITEM))).events
    utc = seen(0, 1, ITEM, eventTime="2026-04-01T00:00:00.000Z")
    assert epcis.parse(document(utc)).events[0].id == here.id


def test_a_bare_event_is_a_document_of_one() -> None:
    (read,) = epcis.parse(orjson.dumps({"@context": [epcis.CONTEXT], **seen(0, 1, ITEM)})).events
    assert read.things("epc") == [ITEM]


def test_prefixes_that_mean_different_things_stay_apart() -> None:
    one = {"@context": {"x": "http://one.example/"}, **seen(0, 1, ITEM)}
    two = {"@context": {"x": "http://two.example/"}, **seen(1, 1, ITEM)}
    written = epcis.query_document(epcis.parse(document(one, two)).events, GOOD_TIME)
    first, second = written["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    assert written["@context"] == [epcis.CONTEXT, {"x": "http://one.example/"}]
    assert "@context" not in first
    assert second["@context"] == [epcis.CONTEXT, {"x": "http://two.example/"}]


GOOD_TIME = date_time("2026-04-01T00:00:00Z")

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
FIELDS = sorted({name for one in GOOD for name in one} | {"eventID", "errorDeclaration"})


@given(st.binary(max_size=200))
def test_any_bytes_are_a_document_or_a_problem(raw: bytes) -> None:
    with pytest.raises(Problem):
        epcis.parse(raw)


@given(st.sampled_from(GOOD), st.dictionaries(st.sampled_from(FIELDS), json, min_size=1))
def test_any_damage_to_an_event_is_an_event_or_a_problem(
    one: dict[str, Any], damage: dict[str, Any]
) -> None:
    try:
        raw = document({**one, **damage})
    except TypeError:
        return  # not to be written as JSON: integers of more than 64 bits
    try:
        (read,) = epcis.parse(raw).events
    except Problem as problem:
        assert problem.status == 422
    else:
        assert read.fingerprint
        assert read.roles is not None


@given(st.dictionaries(st.sampled_from(["epcisHeader", "@context", "epcisBody"]), json))
def test_any_envelope_is_a_document_or_a_problem(damage: dict[str, Any]) -> None:
    try:
        epcis.parse(document(seen(0, 1, ITEM), **damage))
    except TypeError:
        return
    except Problem as problem:
        assert problem.status == 422

"""A query means the same to a subscription as it does to the store."""

from __future__ import annotations

from typing import Any, Final

from services.broker.context.jsonld import CORE
from services.broker.context.q import parse_q
from services.broker.context.query import Query
from services.broker.subscriptions.q_match import meets
from tests.services.broker.subscriptions.bench import Bench, vehicle

VALUES: Final[tuple[Any, ...]] = (
    1,
    2.5,
    -3,
    "1",
    "red",
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.5Z",
    True,
    False,
    [1, 5],
    ["red", "blue"],
    {"city": "Mirai", "zip": 7, "inner": {"deep": True}},
    {"@type": "X", "@value": 2.5},
    {"type": "Relationship", "object": "urn:a:1"},
    {"type": "Relationship", "object": ["urn:a:1", "urn:a:2"]},
    {"type": "LanguageProperty", "languageMap": {"ja": "red", "en": ["blue", "green"]}},
    {"type": "VocabProperty", "vocab": "red"},
    {"type": "JsonProperty", "json": {"city": "Mirai"}},
    {"type": "ListProperty", "valueList": [1, 2, 3]},
    {"type": "Property", "value": 1, "unitCode": "KMH", "observedAt": "2026-01-01T00:00:00Z"},
    {"type": "Property", "value": 1, "source": {"type": "Property", "value": "radar"}},
    [
        {"type": "Property", "value": 9},
        {"type": "Property", "value": 1, "datasetId": "urn:d:1"},
    ],
)
QUERIES: Final = (
    *("a", "b", "a.source", "a.unitCode", "a[city]", "a[inner.deep]", "a[ja]"),
    *(f"a{sign}{value}" for sign in ("==", "!=") for value in ("1", '"1"', '"red"', "true", "2.5")),
    *(f"a{sign}1" for sign in (">", ">=", "<", "<=")),
    *(f'a{sign}"blue"' for sign in (">", ">=", "<", "<=")),
    *(f"a{sign}2026-01-01T00:00:00Z" for sign in ("==", "!=", ">", ">=", "<", "<=")),
    *("a==1..2.5", 'a=="a".."m"', "a!=1..2.5", 'a==1,"red"', 'a!=1,"red"'),
    *('a~="^r.d$"', 'a!~="^r.d$"', 'a=="urn:a:1"', 'a!="urn:a:1"', 'a~="urn"', 'a>"urn"'),
    *('a[city]=="Mirai"', "a[zip]>6", "a[inner.deep]==true", 'a[ja]=="red"', 'a[city]!="Mirai"'),
    *('a.unitCode=="KMH"', "a.observedAt<=2026-01-01T00:00:00Z", 'a.source=="radar"'),
    *('a==1;a.source=="radar"', 'a=="red"|a==-3', '(a==1|a=="red");a!=5'),
)


async def test_every_query_finds_the_same_entities(steps: Bench) -> None:
    entities = [vehicle(n, a=value) for n, value in enumerate(VALUES)]
    await steps.upsert(*entities)
    for text in QUERIES:
        q = parse_q(text)
        found = await steps.entities.find(Query(q=q, limit=1000))
        met = [entity for entity in entities if meets(q, entity, CORE)]
        assert {e.id for e in met} == {e.id for e in found.entities}, text

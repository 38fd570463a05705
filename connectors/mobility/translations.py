"""translations.txt: names of stops and routes in other languages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from connectors.mobility.model import Route, Stop
from connectors.mobility.tables import Tables

_NAMES: Final = (("stops", "stop_name"), ("routes", "route_long_name"))


def read_translations(
    tables: Tables, stops: dict[str, Stop], routes: dict[str, Route]
) -> dict[tuple[str, str], dict[str, str]]:
    """(``stops`` or ``routes``, id) → language → name, whichever way the feed points at them."""
    found: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    values = _by_value(stops, routes)
    for row in tables.rows("translations.txt", ()):
        table, column = row.key("table_name"), row.key("field_name")
        if (table, column) not in _NAMES:
            continue
        record, value = row.key("record_id"), row.text("field_value")
        for identity in [record] if record else values.get((table, value), ()):
            found[table, identity][row.key("language")] = row.text("translation")
    return dict(found)


def _by_value(stops: dict[str, Stop], routes: dict[str, Route]) -> dict[tuple[str, str], list[str]]:
    """(table, name in the feed's own language) → ids of the records that have it."""
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)

    def named() -> Iterator[tuple[str, str, str]]:
        yield from (("stops", stop.name, stop.id) for stop in stops.values())
        yield from (("routes", route.long_name, route.id) for route in routes.values())

    for table, name, identity in named():
        found[table, name].append(identity)
    return found

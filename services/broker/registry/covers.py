"""Whether every value that one schema accepts is accepted by another (both in the subset).

Never says yes wrongly. It says no to what it cannot decide, and where.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from services.broker.registry.numbers import number_gaps
from services.broker.registry.pattern import Validator
from services.broker.registry.shape import (
    Schema,
    conjuncts,
    plain,
    split,
    types_of,
)
from services.broker.registry.subset import escape

_MOST_STEPS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Gap:
    """A place where a value is accepted by the one schema and not (surely) by the other.

    Attributes:
        where: JSON Pointer into the narrower schema.
    """

    where: str
    what: str


def covers(wide: dict[str, Any], narrow: dict[str, Any], *, tolerant: bool = False) -> list[Gap]:
    """Where ``wide`` refuses what ``narrow`` accepts; nothing when it accepts all of it.

    Args:
        tolerant: read ``wide`` as a reader who passes over members that it does not know.
    """
    try:
        return _Comparison(wide, narrow, tolerant).gaps(wide, narrow, "")
    except _TooMuch:
        return [Gap("", "the schemas are too large to be compared")]


class _TooMuch(Exception):
    """Choices within choices: the comparison would take too long."""


class _Comparison:
    def __init__(self, wide: dict[str, Any], narrow: dict[str, Any], tolerant: bool) -> None:
        self._wide_defs, self._narrow_defs = wide.get("$defs", {}), narrow.get("$defs", {})
        self._tolerant = tolerant
        self._steps = 0

    def gaps(self, wide: Schema, narrow: Schema, at: str) -> list[Gap]:
        """Each part that ``wide`` demands, against what ``narrow`` is known to keep to."""
        found: list[Gap] = []
        for demand in conjuncts(wide, self._wide_defs):
            found += self._meets(demand, conjuncts(narrow, self._narrow_defs), at)
        return found

    def _meets(self, demand: Schema, promises: list[Schema], at: str) -> list[Gap]:
        """What keeps to several things keeps to a demand when one of them does."""
        fewest: list[Gap] | None = None
        for promise in promises:
            found = self._one(demand, promise, at)
            if not found:
                return []
            if fewest is None or len(found) < len(fewest):
                fewest = found
        return fewest or []

    def _one(self, wide: Schema, narrow: Schema, at: str) -> list[Gap]:
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise _TooMuch
        wide, narrow = plain(wide), plain(narrow)
        if wide is True or narrow is False or wide == {} or _same(wide, narrow):
            return []
        if wide is False:
            return [Gap(at, "is not accepted")]
        narrow = {} if narrow is True else narrow
        assert isinstance(wide, dict)  # noqa: S101 - Booleans are done with
        assert isinstance(narrow, dict)  # noqa: S101
        cases = split(narrow, by_type="anyOf" in wide)
        if cases is not None:
            return [gap for case in cases for gap in self.gaps(wide, case, at)]
        if "oneOf" in wide:
            return [Gap(at, "`oneOf` cannot be compared unless it is the same")]
        if "anyOf" in wide:
            return self._some(wide, narrow, at)
        return self._leaf(wide, narrow, at)

    def _some(self, wide: dict[str, Any], narrow: dict[str, Any], at: str) -> list[Gap]:
        rest = {name: value for name, value in wide.items() if name != "anyOf"}
        found = self._one(rest, narrow, at)
        choices = [self.gaps(choice, narrow, at) for choice in wide["anyOf"]]
        return found if [] in choices else [*found, *min(choices, key=len)]

    def _leaf(self, wide: dict[str, Any], narrow: dict[str, Any], at: str) -> list[Gap]:
        values = [narrow["const"]] if "const" in narrow else narrow.get("enum")
        if values is not None:
            return [*self._values(wide, values, narrow, at)]
        if "enum" in wide or "const" in wide:
            return [Gap(at, "more values are possible than those that are accepted")]
        kinds = types_of(narrow)
        found = [Gap(f"{at}/type", f"{kind} is not accepted") for kind in kinds - _accepted(wide)]
        if found:
            return found
        if kinds & {"number", "integer"}:
            found += [Gap(at, what) for what in number_gaps(wide, narrow)]
        if "string" in kinds:
            found += _text(wide, narrow, at)
        if "array" in kinds:
            found += self._arrays(wide, narrow, at)
        if "object" in kinds:
            found += self._objects(wide, narrow, at)
        return found

    def _values(
        self, wide: dict[str, Any], values: Iterable[Any], narrow: dict[str, Any], at: str
    ) -> Iterable[Gap]:
        wanted, own = (
            Validator({**wide, "$defs": self._wide_defs}),
            Validator({**narrow, "$defs": self._narrow_defs}),
        )
        for value in values:
            if own.is_valid(value) and not wanted.is_valid(value):
                yield Gap(at, f"{value!r} is not accepted"[:200])

    def _arrays(self, wide: dict[str, Any], narrow: dict[str, Any], at: str) -> list[Gap]:
        found = _bounds(wide, narrow, "Items", at)
        if narrow.get("maxItems") == 0 or "items" not in wide:
            return found
        return found + self.gaps(wide["items"], narrow.get("items", True), f"{at}/items")

    def _objects(self, wide: dict[str, Any], narrow: dict[str, Any], at: str) -> list[Gap]:
        missing = set(wide.get("required", ())) - set(narrow.get("required", ()))
        found = [Gap(f"{at}/required", f"{name} may be missing") for name in sorted(missing)]
        found += _bounds(wide, narrow, "Properties", at)
        of_wide, of_narrow = wide.get("properties", {}), narrow.get("properties", {})
        more_wide = wide.get("additionalProperties", True) or self._tolerant
        more_narrow = narrow.get("additionalProperties", True)
        for name in sorted({*of_wide, *of_narrow}):
            found += self.gaps(
                of_wide.get(name, more_wide),
                of_narrow.get(name, more_narrow),
                f"{at}/properties/{escape(name)}",
            )
        return found + self.gaps(more_wide, more_narrow, f"{at}/additionalProperties")


def _same(one: Schema, other: Schema) -> bool:
    """Whether two schemas are letter for letter the same, and refer to nothing outside."""
    # as JSON: for Python 1, 1.0 and True are equal
    first = orjson.dumps(one, option=orjson.OPT_SORT_KEYS)
    return first == orjson.dumps(other, option=orjson.OPT_SORT_KEYS) and b'"$ref"' not in first


def _accepted(wide: dict[str, Any]) -> set[str]:
    kinds = types_of(wide)
    return kinds | {"integer"} if "number" in kinds else kinds


def _text(wide: dict[str, Any], narrow: dict[str, Any], at: str) -> list[Gap]:
    return _bounds(wide, narrow, "Length", at) + [
        Gap(f"{at}/{name}", f"is not known to be of the {name} {wide[name]!r}"[:200])
        for name in ("pattern", "format")
        if name in wide and wide[name] != narrow.get(name)
    ]


def _bounds(wide: dict[str, Any], narrow: dict[str, Any], of: str, at: str) -> list[Gap]:
    found = []
    least, most = f"min{of}", f"max{of}"
    if narrow.get(least, 0) < wide.get(least, 0):
        found.append(Gap(f"{at}/{least}", f"may be less than {wide[least]}"))
    if most in wide and narrow.get(most, float("inf")) > wide[most]:
        found.append(Gap(f"{at}/{most}", f"may be more than {wide[most]}"))
    return found

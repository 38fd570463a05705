"""Attributes as they come in: normalized, concise or simplified (GS CIM 009 §4.5), into one form.

Stored is always the same: an attribute is a list of instances, one for each ``datasetId``; an
instance is the normalized object with its sub-attributes under expanded names, as lists too.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from services.broker.context.errors import BadRequestData
from services.broker.context.json_merge import merge_json
from services.broker.context.jsonld import Context
from services.broker.context.kinds import (
    HOLDERS,
    HOLDERS_OF_UNITS,
    HOLDERS_OF_VALUE_TYPES,
    METADATA,
    NULL,
    OUTPUT_ONLY,
    RELATIONSHIPS,
    VALUE_OF,
    Attributes,
    Instance,
    dataset,
    says_null,
)
from services.broker.context.notation import MOST_INSTANCES, Bare, is_multi, members_of, unfolded
from services.broker.context.times import as_datetime
from services.broker.context.values import has_nested_null, held_by, is_uri

__all__ = ["METADATA", "VALUE_OF", "AttributeReader", "Attributes", "Instance", "Nulls"]

Nulls = Literal["refused", "members", "deep"]
"""Where ``urn:ngsi-ld:null`` may stand (§5.5.4): nowhere; for an attribute or a member of it
(partial update, §5.5.8); inside its value too (merge, §5.5.12)."""

_MOST_DEPTH: Final = 5
_SEALED: Final = frozenset(("entityIdSealed", "entityTypeSealed"))
_PLAIN: Final = (str, int, float)
_REMOVABLE: Final = METADATA - {"datasetId"}


class AttributeReader:
    """Reads the attributes of one entity.

    Args:
        simplified: the values stand alone (§4.5.4), whatever they look like.

    Attributes:
        met_null: whether something read so far says "remove this".
    """

    def __init__(
        self, context: Context, *, nulls: Nulls = "refused", simplified: bool = False
    ) -> None:
        self._context, self._nulls, self._simplified = context, nulls, simplified
        self.met_null = False

    def read(self, value: Any, where: str, depth: int = 0) -> list[Instance]:
        """The instances that a JSON value says.

        Args:
            where: JSON Pointer, for the refusal.

        Raises:
            BadRequestData: it is no attribute in any representation.
        """
        if depth > _MOST_DEPTH:
            raise BadRequestData(f"{where}: attributes nest {_MOST_DEPTH} deep at most.")
        if self._simplified:
            return self._plain(value, where)
        if isinstance(value, dict) and len(value) == 2 and value.get("type") == "Property":
            held = value.get("value")
            if isinstance(held, _PLAIN) and held != NULL:  # most are like that
                return [value]
        if isinstance(value, list) and is_multi(value):
            instances = [self._instance(item, where, depth) for item in value]
            return _distinct(instances, where)
        return [self._instance(value, where, depth)]

    def _plain(self, value: Any, where: str) -> list[Instance]:
        several = value.get("dataset") if isinstance(value, dict) and len(value) == 1 else None
        if not isinstance(several, dict) or len(several) > MOST_INSTANCES:
            return [self._instance(unfolded(value), where, 0)]
        instances = []
        for name, item in several.items():
            instance = self._instance(unfolded(item), where, 0)
            if name != "@none":
                instance["datasetId"] = _dataset_id(name, where)
            instances.append(instance)
        return instances

    def _instance(self, value: Any, where: str, depth: int) -> Instance:
        members = members_of(value, where)
        kind = members["type"]
        holder = VALUE_OF[kind]
        instance: Instance = members if isinstance(members, Bare) else {"type": kind}
        instance[holder] = self._held(kind, holder, members.get(holder), where)
        if len(members) > 2:
            for name, member in members.items():
                if name != "type" and name != holder and name not in OUTPUT_ONLY:
                    self._add(instance, name, member, where, depth)
        return instance

    def _add(self, instance: Instance, name: str, member: Any, where: str, depth: int) -> None:
        if name in METADATA or name in HOLDERS:
            self._describe(instance, name, member, where)
        elif name in _SEALED:
            instance[name] = _sealed(member, where, name)
        else:
            below = self.read(member, f"{where}/{name}", depth + 1)
            instance[self._name(name, where)] = below

    def _name(self, name: str, where: str) -> str:
        expanded = self._context.expand(name)
        if ":" not in expanded:  # a keyword of JSON-LD, such as id
            raise BadRequestData(f"{where}/{name}: is no member of an attribute.")
        return expanded

    def _held(self, kind: str, holder: str, value: Any, where: str) -> Any:
        if kind == "Property" and isinstance(value, _PLAIN) and value != NULL:
            return value  # most are, and nothing can be wrong with these
        if value is None:
            raise BadRequestData(f"{where}/{holder}: a {kind} needs it, and it is never null.")
        if says_null(value):
            self._meet_null(f"{where}/{holder}")
            return value
        removes = isinstance(value, (dict, list)) and has_nested_null(value)
        if removes and kind != "JsonProperty":
            return self._with_nulls(kind, holder, value, where)
        return held_by(kind, value, self._context, f"{where}/{holder}")

    def _with_nulls(self, kind: str, holder: str, value: Any, where: str) -> Any:
        """A value of which a merge removes members; what is left of it is checked."""
        where = f"{where}/{holder}"
        if self._nulls != "deep":
            raise BadRequestData(f"{where}: {NULL} is no value; only a merge removes members.")
        self.met_null = True
        if left := merge_json(None, value):
            held_by(kind, left, self._context, where)
        return value

    def _describe(self, instance: Instance, name: str, member: Any, where: str) -> None:
        """Take over a member that is no attribute."""
        where = f"{where}/{name}"
        if name in HOLDERS:
            raise BadRequestData(f"{where}: a {instance['type']} has no such member.")
        if member == NULL and name in _REMOVABLE:
            self._meet_null(where)
            instance[name] = NULL
        elif name == "datasetId":
            if member != "@none":  # the default instance never says so (§4.5.5)
                instance[name] = _dataset_id(member, where)
        elif name == "unitCode":
            _allow(instance, HOLDERS_OF_UNITS, where)
            instance[name] = _text(member, where)
        elif name == "objectType":
            _allow(instance, RELATIONSHIPS, where)
            instance[name] = self._types(member, where)
        elif name == "valueType":
            _allow(instance, HOLDERS_OF_VALUE_TYPES, where)
            instance[name] = self._context.expand(_text(member, where))
        else:
            instance[name] = as_datetime(member, where)

    def _types(self, value: Any, where: str) -> str | list[str]:
        if isinstance(value, list) and value:
            return [self._context.expand(_text(name, where)) for name in value]
        return self._context.expand(_text(value, where))

    def _meet_null(self, where: str) -> None:
        if self._nulls == "refused":
            raise BadRequestData(f"{where}: {NULL} removes, and there is nothing to remove here.")
        self.met_null = True


def _distinct(instances: list[Instance], where: str) -> list[Instance]:
    if len({dataset(instance) for instance in instances}) != len(instances):
        raise BadRequestData(f"{where}: two instances have the same datasetId.")
    return instances


def _allow(instance: Instance, kinds: frozenset[str], where: str) -> None:
    if instance["type"] not in kinds:
        raise BadRequestData(f"{where}: a {instance['type']} has none.")


def _sealed(member: Any, where: str, name: str) -> str:
    if not where.endswith("/ngsildproof"):
        raise BadRequestData(f"{where}/{name}: belongs to an ngsildproof.")
    return _text(member, f"{where}/{name}")


def _dataset_id(value: Any, where: str) -> str:
    if not is_uri(value) or value == NULL:
        raise BadRequestData(f"{where}: a datasetId is a URI, and cannot be removed.")
    return str(value)


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise BadRequestData(f"{where}: is a text.")
    return value

"""The kinds of attribute, and the members that an attribute can have (GS CIM 009 §4.5.2 ff.)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Instance = dict[str, Any]
Attributes = dict[str, list[Instance]]

VALUE_OF: Final[Mapping[str, str]] = {
    "Property": "value",
    "GeoProperty": "value",
    "Relationship": "object",
    "LanguageProperty": "languageMap",
    "VocabProperty": "vocab",
    "JsonProperty": "json",
    "ListProperty": "valueList",
    "ListRelationship": "objectList",
}
"""Kind of attribute → the member that holds what it says (§4.5.2 to §4.5.24)."""

KIND_OF: Final[Mapping[str, str]] = {
    member: kind for kind, member in VALUE_OF.items() if kind != "GeoProperty"
}
"""The member by whose presence a concise attribute shows its kind."""

HOLDERS: Final = frozenset(VALUE_OF.values())
RELATIONSHIPS: Final = frozenset(("Relationship", "ListRelationship"))

SYSTEM: Final = frozenset(("createdAt", "modifiedAt", "expiresAt"))
"""Shown only where ``sysAttrs`` asks for them (§6.3.11)."""

TIMES: Final = frozenset(("observedAt", *SYSTEM))
METADATA: Final = frozenset(("unitCode", "datasetId", "objectType", "valueType", *TIMES))
"""Members that are no attributes themselves: the non-reified ones."""

STAMPS: Final = frozenset(("createdAt", "modifiedAt"))
"""Given by the broker when it stores."""

OUTPUT_ONLY: Final = frozenset(
    (
        *STAMPS,
        *("deletedAt", "instanceId", "entity", "entityList", "lang"),
        *("previous" + holder[0].upper() + holder[1:] for holder in HOLDERS),
    )
)
"""Not looked at in what comes in (§5.2.2, §5.2.5, §5.2.6)."""

NO_ATTRIBUTE: Final = frozenset(("datasetId", "instanceId", "observedAt", "unitCode", "objectType"))
"""Terms of the core @context that never name an entity's attribute (§4.5.1)."""

HOLDERS_OF_UNITS: Final = frozenset(("Property", "GeoProperty", "ListProperty"))
HOLDERS_OF_VALUE_TYPES: Final = frozenset((*HOLDERS_OF_UNITS, "JsonProperty"))

NULL: Final = "urn:ngsi-ld:null"
"""Says "remove this" where an update can (§4.5.0)."""


def is_null(instance: Instance) -> bool:
    """Whether an instance says "remove this"."""
    return says_null(instance[VALUE_OF[instance["type"]]])


def says_null(held: Any) -> bool:
    """Whether what an attribute holds says "remove this" (§4.5.0: each kind in its own way)."""
    if isinstance(held, (dict, list)):
        return len(held) == 1 and held in ([NULL], {"@none": NULL})
    return bool(held == NULL)


def dataset(instance: Mapping[str, Any]) -> str:
    """The instance's datasetId; ``""`` for the default instance (§4.5.5)."""
    return str(instance.get("datasetId", ""))

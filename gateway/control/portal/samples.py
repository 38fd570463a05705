"""A value that fits a schema, to begin with: examples and defaults where the document has them."""

from __future__ import annotations

from typing import Any, Final

from gateway.control.policy.document import Json
from gateway.control.portal.documents import resolved

_DEEPEST: Final = 6
_MOST_MEMBERS: Final = 40
_FORMATS: Final = {
    "date-time": "2026-11-24T09:00:00Z",
    "date": "2026-11-24",
    "uri": "https://example.org/",
    "email": "name@example.org",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_PLAIN: Final[dict[str, Any]] = {
    "string": "", "integer": 0, "number": 0, "boolean": False, "array": [], "object": {},
}  # fmt: skip


def sample(document: Json, schema: Any, depth: int = 0) -> Any:
    """Members that may be left out are left out, unless all may."""
    found = resolved(document, schema)
    for key in ("example", "default", "const"):
        if key in found:
            return found[key]
    for key in ("examples", "enum"):
        if isinstance(found.get(key), list) and found[key]:
            return found[key][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if isinstance(found.get(key), list) and found[key] and depth < _DEEPEST:
            return sample(document, found[key][0], depth + 1)
    return _plain(document, found, depth)


def _plain(document: Json, found: Json, depth: int) -> Any:
    kinds = found.get("type")
    kind = kinds[0] if isinstance(kinds, list) and kinds else kinds
    members = found.get("properties")
    if isinstance(members, dict) and depth < _DEEPEST:
        required = found.get("required")
        wanted = required if isinstance(required, list) and required else list(members)
        chosen = [name for name in members if name in wanted][:_MOST_MEMBERS]
        return {name: sample(document, members[name], depth + 1) for name in chosen}
    if kind == "array" and depth < _DEEPEST and found.get("items"):
        return [sample(document, found["items"], depth + 1)]
    if kind == "string":
        return _FORMATS.get(str(found.get("format")), "")
    return found.get("minimum", _PLAIN.get(str(kind))) if kind else None

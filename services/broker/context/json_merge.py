"""JSON Merge Patch (RFC 7396), with ``urn:ngsi-ld:null`` where it has null (§5.5.12)."""

from __future__ import annotations

from typing import Any

from services.broker.context.kinds import NULL


def merge_json(old: Any, new: Any) -> Any:
    """``old`` merged with ``new``; what is no object replaces, and is replaced."""
    if not isinstance(new, dict):
        return new
    result = dict(old) if isinstance(old, dict) else {}
    for name, value in new.items():
        if value == NULL:
            result.pop(name, None)
        else:
            result[name] = merge_json(result.get(name), value)
    return result

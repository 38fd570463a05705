"""What belongs to a component's tables, and what stands beside them."""

from __future__ import annotations

from typing import Any


def is_ours(_object: Any, _name: str | None, _kind: str, reflected: bool, compare_to: Any) -> bool:
    """Whether a difference counts: what only the database has is a store's own, and stays.

    That is an R*Tree's tables, an index of boxes (see :mod:`schemas.kit.ddl`). To drop a table is
    written into a version by hand.
    """
    return not (reflected and compare_to is None)

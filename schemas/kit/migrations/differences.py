"""What belongs to a component's tables, and what stands beside them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def is_ours(_object: Any, _name: str | None, _kind: str, reflected: bool, compare_to: Any) -> bool:
    """Whether a difference counts: what only the database has is a store's own, and stays.

    That is an R*Tree's tables, an index of boxes (see :mod:`schemas.kit.ddl`). To drop a table is
    written into a version by hand.
    """
    return not (reflected and compare_to is None)


def in_words(differences: Iterable[Any]) -> list[str]:
    """What :func:`alembic.autogenerate.compare_metadata` has found, for whoever has to mend it."""
    found: list[str] = []
    for one in differences:
        if isinstance(one, list):  # of one column
            found += [f"{name}.{column} has another {what}" for what, name, column in map(_of, one)]
        else:
            found.append(_told(one))
    return found


def _of(change: tuple[Any, ...]) -> tuple[str, str, str]:
    kind, _schema, table, column = change[:4]
    return kind.removeprefix("modify_"), table, column


def _told(change: tuple[Any, ...]) -> str:
    kind = change[0]
    if kind == "add_table":
        return f"there is no table {change[1].name}"
    if kind == "add_column":
        return f"{change[2]} has no column {change[3].name}"
    missing = kind.removeprefix("add_").replace("_", " ")
    return f"{change[1].table.name} has no {missing} {change[1].name}"

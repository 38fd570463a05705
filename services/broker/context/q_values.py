"""Values of a query that are names, expanded before it is asked: ``expandValues`` (§4.9)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from services.broker.context.jsonld import Context
from services.broker.context.q import Both, Either, Node, Range, Scalar, Term


def expand_values(node: Node, names: Collection[str], context: Context) -> Node:
    """The query with the texts that are compared with these attributes expanded.

    Args:
        names: short names of attributes.
    """
    if not names:
        return node
    if not isinstance(node, Term):
        parts = tuple(expand_values(part, names, context) for part in node.parts)
        return Both(parts) if isinstance(node, Both) else Either(parts)
    if node.operator not in ("==", "!=") or node.path[0] not in names:
        return node
    return replace(node, values=tuple(_expanded(value, context) for value in node.values))


def _expanded(value: Scalar | Range, context: Context) -> Scalar | Range:
    return context.expand_vocab(value) if isinstance(value, str) else value

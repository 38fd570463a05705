"""Limiting a JSON answer to what was consented to: a tree of the paths that may pass.

A path is names with dots between; arrays are passed through, so ``entry.resource.start`` is the
``start`` of each entry's resource. What no path names is left out, and so is anything of another
shape than the path says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Tree = Mapping[str, "Tree | None"]
"""What may pass, by name: all of it (None), or what is below."""


def tree_of(paths: Iterable[str]) -> Tree:
    """The tree of ``paths``; a path that is the beginning of another lets all below it pass."""
    root: dict[str, Any] = {}
    for path in paths:
        *above, last = path.split(".")
        at: dict[str, Any] | None = root
        for name in above:
            at = at.setdefault(name, {}) if at is not None else None
        if at is not None:
            at[last] = None
    return root


def limited(value: Any, tree: Tree) -> Any:
    """``value``, an object or an array, with no more in it than ``tree`` lets pass.

    Raises:
        RecursionError: it is nested deeper than anybody's data.
    """
    if isinstance(value, list):
        return [limited(item, tree) for item in value if isinstance(item, dict | list)]
    found = {}
    for name, below in tree.items():
        if name in value:
            inner = value[name]
            if below is None:
                found[name] = inner
            elif isinstance(inner, dict | list):
                found[name] = limited(inner, below)
    return found

"""A YAML file as data, with the place of everything in it.

YAML 1.2's core schema: ``no`` and ``off`` are text, as their writers mean them. A key that is there
twice is refused, and so is a file that aliases make larger than it is.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

LARGEST: Final = 2_000_000
"""Bytes of a file."""
_MOST_NODES: Final = 200_000

Path = tuple[str | int, ...]
"""Keys and indexes from the top down."""


@dataclass(frozen=True, slots=True)
class Place:
    """In the file, counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Misread(Exception):
    """The text is no YAML, or not such as is taken here."""

    place: Place
    what: str


@dataclass(slots=True)
class Source:
    """What a file says, and where."""

    data: Any = None
    places: dict[Path, Place] = field(default_factory=dict)

    def place(self, path: Path) -> Place:
        """Where something is; of what is not there, the place of what it should be in."""
        while path not in self.places and path:
            path = path[:-1]
        return self.places.get(path, Place(1, 1))


class _Loader(yaml.SafeLoader):
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as its base declares it


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+.0123456789"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first)
    )


def read(text: str) -> Source:
    """Raises:
    Misread: with the place.
    """
    try:
        loader = _Loader(text)
    except yaml.YAMLError as error:  # letters that no YAML may have
        raise Misread(Place(1, 1), str(error)) from error
    try:
        node = loader.get_single_node()
        source = Source()
        source.data = _Reading(source).value(node, ()) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
        raise Misread(place, error.problem or str(error)) from error
    except yaml.YAMLError as error:
        raise Misread(Place(1, 1), str(error)) from error
    except RecursionError as error:
        raise Misread(Place(1, 1), "it goes too deep, or into itself") from error
    finally:
        loader.dispose()
    return source


class _Reading:
    """Turns nodes into values, noting their places."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._left = _MOST_NODES

    def value(self, node: Node, path: Path) -> Any:
        self._left -= 1
        if self._left < 0:
            raise Misread(_place(node), "there is too much here, once all aliases are followed")
        self._source.places.setdefault(path, _place(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.value(one, (*path, index)) for index, one in enumerate(node.value)]
        return _scalar(node)

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value if isinstance(key, ScalarNode) else None
            if name is None:
                raise Misread(_place(key), "a key is a word, not a list or a mapping")
            if name in found:
                raise Misread(_place(key), f"{name!r} is here a second time")
            self._source.places[(*path, name)] = _place(key)
            found[name] = self.value(value, (*path, name))
        return found


def _scalar(node: Node) -> Any:
    text, kind = node.value, node.tag.rpartition(":")[2]
    if kind == "str":
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    with suppress(ValueError):
        if kind in ("int", "float"):
            return int(text) if kind == "int" else float(text)
    raise Misread(_place(node), f"{text[:40]!r} cannot be read as {kind}: put it in quotes")


def _place(node: Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)

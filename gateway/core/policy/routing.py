"""From a path to its route: one dictionary step per segment, whatever the number of routes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from gateway.core.reply import Reply, method_not_allowed
from gateway.core.slices import Work, at_once


class Routable(Protocol):
    """What the table needs to know of a route."""

    @property
    def method(self) -> bytes: ...
    @property
    def segments(self) -> tuple[bytes | None, ...]: ...


R = TypeVar("R", bound=Routable)


class Conflict(ValueError):
    """Two routes answer the same requests."""


class Node(Generic[R]):
    """One place in the tree of paths.

    Attributes:
        literals: where each literal segment leads.
        param: where any other segment leads, if the path has a ``{parameter}`` here.
        routes: routes that end here, by method; empty where none does.
        refusal: the 405 for every other method.
    """

    __slots__ = ("literals", "param", "refusal", "routes")

    def __init__(self) -> None:
        self.literals: dict[bytes, Node[R]] = {}
        self.param: Node[R] | None = None
        self.routes: dict[bytes, R] = {}
        self.refusal: Reply | None = None


class Table(Generic[R]):
    """All routes, compiled.

    A literal segment beats a parameter in the same place (OpenAPI 3.1, "Path Templating Matching").
    A ``GET`` route also answers ``HEAD`` (RFC 9110 §9.1 makes both mandatory).

    Args:
        routes: as for :meth:`grow`.
    """

    __slots__ = ("_root",)

    def __init__(self, routes: Iterable[R] = ()) -> None:
        self._root: Node[R] = Node()
        at_once(self.grow(routes))

    def grow(self, routes: Iterable[R]) -> Work[None]:
        """Put in all routes of an empty table, in steps.

        Args:
            routes: ``segments`` holds ``None`` for a parameter.

        Raises:
            Conflict: two routes have the same method and the same path but for parameters' names.
        """
        ends: list[Node[R]] = []
        for route in routes:
            node = self._node(route.segments)
            if route.method in node.routes:
                raise Conflict(f"two routes answer {_describe(route)}")
            node.routes[route.method] = route
            ends.append(node)
            yield
        for node in ends:
            if b"GET" in node.routes:
                node.routes.setdefault(b"HEAD", node.routes[b"GET"])
            node.refusal = method_not_allowed(_allow(node.routes))
            yield

    def fell(self) -> Work[None]:
        """Let go of everything, in steps: a large table freed in one go is a pause."""
        nodes = [self._root]
        while nodes:
            node = nodes.pop()
            nodes += node.literals.values()
            if node.param is not None:
                nodes.append(node.param)
            node.literals, node.param, node.routes, node.refusal = {}, None, {}, None
            yield

    def _node(self, segments: Sequence[bytes | None]) -> Node[R]:
        node = self._root
        for segment in segments:
            if segment is None:
                node.param = node.param or Node()
                node = node.param
            else:
                node = node.literals.setdefault(segment, Node())
        return node

    def find(self, segments: Sequence[bytes]) -> Node[R] | None:
        """The place of a request's path, or None if no route ends there."""
        node = self._root
        for segment in segments:
            child = node.literals.get(segment)
            if child is None:
                child = node.param
                if child is None or not segment:
                    return _search(self._root, segments, 0)
            node = child
        return node if node.routes else _search(self._root, segments, 0)


def _search(node: Node[R], segments: Sequence[bytes], at: int) -> Node[R] | None:
    """Every way down, literals first: for paths whose literal way ends in nothing."""
    if at == len(segments):
        return node if node.routes else None
    segment = segments[at]
    literal = node.literals.get(segment)
    if literal is not None:
        found = _search(literal, segments, at + 1)
        if found is not None:
            return found
    if node.param is not None and segment:
        return _search(node.param, segments, at + 1)
    return None


def _allow(routes: Mapping[bytes, object]) -> bytes:
    return b", ".join(sorted(routes))


def _describe(route: Routable) -> str:
    path = "/".join("{}" if part is None else part.decode() for part in route.segments)
    return f"{route.method.decode()} /{path}"

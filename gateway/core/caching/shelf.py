"""Where kept answers stand: bounded in bytes and number, the longest unused go first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from gateway.core.caching.stored import Stored

if TYPE_CHECKING:
    from gateway.core.caching.asked import Asked

K = TypeVar("K")

Question = tuple[bytes, bytes, bytes]
"""Host, path and query, as they were asked: the cache key of RFC 9111 §2 (the method is GET)."""


class Owner(NamedTuple):
    """The route an answer was given on. A change of any of these ends what was kept."""

    route: str
    dataset: str
    upstream: str
    access: str


class Resource:
    """All kept answers to one question: one, or one for each choice of the fields in ``Vary``."""

    __slots__ = ("owner", "variants", "vary")

    def __init__(self, owner: Owner, vary: tuple[bytes, ...]) -> None:
        self.owner = owner
        self.vary = vary
        self.variants: dict[tuple[bytes | None, ...], Stored] = {}

    def select(self, asked: Asked) -> Stored | None:
        return self.variants.get(asked.selected(self.vary) if self.vary else ())


class Shelf:
    """Args:
    most_bytes, most: bounds over everything; ``most_variants`` of one question.
    """

    __slots__ = (
        "_most", "_most_bytes", "_most_variants", "_owned", "_paths", "bytes", "dropped", "items",
    )  # fmt: skip

    def __init__(self, most_bytes: int, most: int, most_variants: int) -> None:
        self._most_bytes, self._most, self._most_variants = most_bytes, most, most_variants
        self.items: OrderedDict[Question, Resource] = OrderedDict()
        self._paths: dict[bytes, set[Question]] = {}
        self._owned: dict[Owner, set[Question]] = {}
        self.bytes = 0
        self.dropped = 0
        """Answers that had to go for others."""

    def put(self, question: Question, owner: Owner, asked: Asked, stored: Stored) -> None:
        """Keep ``stored``, in place of the earlier one; make room for it."""
        resource = self.items.get(question)
        if resource is None or resource.vary != stored.vary or resource.owner != owner:
            # the newest answer says what answers depend on (RFC 9111 §4.1)
            self.drop(question)
            resource = self.items[question] = Resource(owner, stored.vary)
            self._paths.setdefault(question[1], set()).add(question)
            self._owned.setdefault(owner, set()).add(question)
        choice = asked.selected(stored.vary)
        stored.size += sum(map(len, question)) + sum(len(value or b"") for value in choice)
        self._take_out(resource, choice)
        while len(resource.variants) >= self._most_variants:
            self._take_out(resource, next(iter(resource.variants)))
            self.dropped += 1
        resource.variants[choice] = stored
        self.bytes += stored.size
        self.items.move_to_end(question)
        while len(self.items) > self._most or self.bytes > self._most_bytes:
            oldest = next(iter(self.items))
            self.dropped += len(self.items[oldest].variants)
            self.drop(oldest)

    def _take_out(self, resource: Resource, choice: tuple[bytes | None, ...]) -> None:
        found = resource.variants.pop(choice, None)
        if found is not None:
            self.bytes -= found.size

    def drop(self, question: Question) -> None:
        resource = self.items.pop(question, None)
        if resource is None:
            return
        self.bytes -= sum(stored.size for stored in resource.variants.values())
        _take_from(self._paths, question[1], question)
        _take_from(self._owned, resource.owner, question)

    def drop_path(self, path: bytes) -> None:
        """Forget every answer about ``path``, whatever its host and query."""
        for question in tuple(self._paths.get(path, ())):
            self.drop(question)

    def drop_owned(self, unwanted: Callable[[Owner], bool]) -> None:
        """Forget every answer whose owner is ``unwanted``."""
        for owner in [owner for owner in self._owned if unwanted(owner)]:
            for question in tuple(self._owned[owner]):
                self.drop(question)

    def __len__(self) -> int:
        return len(self.items)


def _take_from(index: dict[K, set[Question]], key: K, question: Question) -> None:
    questions = index[key]
    questions.discard(question)
    if not questions:
        del index[key]

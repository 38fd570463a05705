"""Which names a client may register: types outside the city's own domains."""

from __future__ import annotations

from typing import Final

from schemas.cloudevents import TYPE_PATTERN
from schemas.problem import Fault, Forbidden, Unprocessable
from schemas.registry import DOMAINS, event_types

_RESERVED: Final = frozenset(name.rpartition(".")[2] for name in DOMAINS)


def check_name(name: str) -> None:
    """Raises:
    Forbidden: a domain of the city's.
    Unprocessable: no type name.
    """
    if not TYPE_PATTERN.fullmatch(name) or len(name) > 200:
        raise Unprocessable(
            "An event type is named city.<domain>.<noun>.<verb>, in a-z, 0-9 and hyphens.",
            faults=[Fault("path type", f"{name[:100]} is no such name")],
        )
    domain = name.split(".")[1]
    if domain in _RESERVED or domain in {known.split(".")[1] for known in event_types()}:
        raise Forbidden(
            f"The domain {domain} is the city's own: its types come with the platform. Take"
            " another domain, such as your service's name."
        )

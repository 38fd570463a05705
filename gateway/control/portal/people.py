"""Who and what the city offers to developers: as the bootstrap file has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TestResident:
    """A synthetic resident, as developers are told of them.

    Attributes:
        story: language → who this is, in a sentence or two; often empty.
        password: empty unless the city has it shown.
        domains: those whose data holders know the resident.
    """

    username: str
    name: str
    story: Mapping[str, str]
    password: str
    domains: tuple[str, ...]


@dataclass(slots=True)
class Offer:
    """Attributes:
    join: anybody may make themselves a developer's account.
    residents: the synthetic ones of the file.
    """

    join: bool = True
    residents: tuple[TestResident, ...] = ()

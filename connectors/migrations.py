"""``python -m connectors.migrations <domain> revision "message"``: a connector's next version.

A connector keeps the versions of its tables in ``migrations/versions`` beside its module; one that
has no such folder yet has its tables created as they are. See :mod:`schemas.kit.migrations`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from tempfile import TemporaryDirectory

from sqlalchemy import MetaData

from connectors.base import Context, versions_of
from connectors.registry import load
from schemas.kit.message import Message, Refusal
from schemas.kit.migrations import main as command_line


async def _nowhere(_messages: list[Message]) -> Sequence[Refusal]:
    return ()


def tables_of(domain: str) -> MetaData:
    """The tables that a connector declares; none of them is made."""
    with TemporaryDirectory() as folder:
        made = load(domain)(Context(f"sqlite+aiosqlite:///{folder}", _nowhere))
        return made.metadata


def main(arguments: Sequence[str]) -> None:
    """The command line; the first argument is the domain."""
    domain, *rest = arguments
    versions = versions_of(load(domain))
    versions.mkdir(parents=True, exist_ok=True)
    command_line.main(tables_of(domain), versions, rest)


if __name__ == "__main__":
    main(sys.argv[1:])

"""The command line of a component's migrations: ``python -m <component>.migrations``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import MetaData

from schemas.kit.migrations import newest, revision


def main(metadata: MetaData, versions: Path, arguments: Sequence[str] | None = None) -> None:
    """``revision "message"`` writes the next version; ``newest`` names the last one."""
    parser = argparse.ArgumentParser(prog="migrations")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("revision").add_argument("message")
    commands.add_parser("newest")
    asked = parser.parse_args(arguments)
    if asked.command == "revision":
        sys.stdout.write(f"{revision(metadata, versions, asked.message)}\n")
    else:
        sys.stdout.write(f"{newest(versions)}\n")

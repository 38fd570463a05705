"""A script of ``clients/``, run by node; the test is the resident that it asks for."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.servers import node

_SCRIPTS = Path(__file__).parent / "clients"

Visit = Callable[[str], str]
"""Takes the address that a resident is sent to; gives the one that they are sent back to."""


def run(folder: Path, script: str, given: dict[str, Any], visit: Visit) -> dict[str, Any]:
    """What the script found.

    Args:
        folder: an empty one, from which the script finds the packages.
        given: what the script is told.
    """
    (folder / "node_modules").symlink_to(node.modules())
    for one in _SCRIPTS.glob("*.mjs"):
        shutil.copy(one, folder)
    with subprocess.Popen(
        [node.node(), script, json.dumps(given)],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stderr
        try:
            for message in _messages(process):
                if "found" in message:
                    found: dict[str, Any] = message["found"]
                    return found
                process.stdin.write(json.dumps(visit(message["visit"])) + "\n")
                process.stdin.flush()
            raise AssertionError(process.stderr.read())
        finally:
            process.kill()


def _messages(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert process.stdout
    for line in process.stdout:
        yield json.loads(line)

"""npm packages of the journeys, kept in ``.servers/npm/<digest of the lock file>``."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from tests.servers.missing import Missing

_SOURCE = Path(__file__).resolve().parents[1] / "journeys" / "clients"
_FILES = ("package.json", "package-lock.json", ".npmrc")
_CACHE = Path(__file__).resolve().parents[2] / ".servers" / "npm"
_OLDEST = 18


def folder() -> Path:
    """Where the packages are or will be."""
    digest = hashlib.sha256((_SOURCE / "package-lock.json").read_bytes()).hexdigest()
    return _CACHE / digest[:16]


def modules() -> Path:
    """The folder ``node_modules``.

    Raises:
        Missing: they were not installed yet.
    """
    found = folder() / "node_modules"
    if not found.is_dir():
        raise Missing("npm")
    return found


def fetch() -> Path:
    """Install them as the lock file has it, by hash; whole or not at all."""
    npm = shutil.which("npm")
    if not npm:
        raise Missing("npm")
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE) as scratch:
        part = Path(scratch) / "packages"
        part.mkdir()
        for name in _FILES:
            shutil.copy(_SOURCE / name, part / name)
        done = subprocess.run([npm, "ci"], cwd=part, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"npm could not install:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        part.rename(folder())
    return folder()


@cache
def node() -> str:
    """The ``node`` command, 18 or later."""
    found = shutil.which("node")
    if not found or _version(found) < _OLDEST:
        raise Missing("nodejs")
    return found


def _version(command: str) -> int:
    out = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    found = re.match(r"v(\d+)", out.stdout)
    return int(found[1]) if found else 0

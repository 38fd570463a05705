"""Real files of each domain's standard, kept outside the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(
    os.environ.get("SUPERCITY_FOREIGN_DATA")
    or Path(__file__).resolve().parents[1].parent / "shared" / "data"
)


def foreign(name: str) -> Path:
    """The path of a foreign file; skips the test, saying why, where there are none."""
    path = ROOT / name
    if not path.exists():
        pytest.skip(f"no {name} under {ROOT} (set SUPERCITY_FOREIGN_DATA)")
    return path

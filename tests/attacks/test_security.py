"""SECURITY.md promises what a test holds, and nothing else."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
TEXT: Final = (ROOT / "SECURITY.md").read_text()
ROW: Final = re.compile(
    r"^\| ([STRIDE](?:, [STRIDE])*) \| (.+) \| (.+) \| `(.+)::(.+)` \|$", re.MULTILINE
)


def functions(path: Path) -> set[str]:
    """Names of the tests in a file."""
    return {
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test")
    }


def test_every_row_names_a_test_that_there_is() -> None:
    missing = []
    for *_, path, name in ROW.findall(TEXT):
        file = ROOT / "tests" / path
        if not file.exists() or name not in functions(file):
            missing.append(f"{path}::{name}")
    assert not missing


def test_every_row_of_a_table_is_read() -> None:
    """A row written otherwise would be held by nothing."""
    model = TEXT.partition("## Threats")[2].partition("## Honest limits")[0]
    lines = [line for line in model.splitlines() if line.startswith("| ")]
    headings = [line for line in lines if line.startswith("| |")]
    assert len(ROW.findall(model)) == len(lines) - len(headings)


def test_every_arrow_says_something_of_itself() -> None:
    model = TEXT.partition("## Threats")[2].partition("## Honest limits")[0]
    for arrow in model.split("\n### ")[1:]:
        assert ROW.findall(arrow), arrow.splitlines()[0]


def test_every_attack_is_in_the_model() -> None:
    """Each file of attacks holds at least one row: none stands for itself."""
    named = {path for *_, path, _ in ROW.findall(TEXT)}
    files = {path.name for path in Path(__file__).parent.glob("test_*.py")} - {Path(__file__).name}
    assert {f"attacks/{name}" for name in files} <= named

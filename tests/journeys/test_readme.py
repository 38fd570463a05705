"""What the README says works as it is written."""

from __future__ import annotations

import re
import subprocess

from tests.journeys.city import ROOT, City


def blocks() -> list[str]:
    text = (ROOT / "README.md").read_text()
    return re.findall(r"^```bash\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def run(city: City, script: str) -> str:
    """Run a script of the README against this city instead of one on the usual ports."""
    here = script.replace("http://127.0.0.1:8000", city.url)
    here = here.replace(".supercity/", f"{city.folder}/")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", here],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_quickstart_lists_apis_and_hospitals(city: City) -> None:
    out = run(city, blocks()[0])
    assert '"mobility"' in out
    assert "bedsAvailable" in out


def test_a_flood_becomes_guidance(city: City) -> None:
    first, flood = blocks()
    out = run(city, first + flood)
    assert '"EvacuationGuidance"' in out
    assert '"active"' in out


def test_every_file_that_is_named_is_there() -> None:
    def missing() -> list[str]:
        named = [
            (page, target)
            for page in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")
            for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text())
        ]
        return [f"{page}: {target}" for page, target in named if not (ROOT / target).exists()]

    assert missing() == []

"""What the residents' pages say: in every language, and plain Japanese that is plain."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.control.pages import _ALL
from gateway.control.pages.consent_texts import CONSENT_TEXTS, EASY
from gateway.control.pages.home_texts import HOME_TEXTS
from gateway.control.pages.portability_texts import PORTABILITY_TEXTS
from gateway.control.pages.texts_account import ACCOUNT_TEXTS
from gateway.control.pages.told_texts import TOLD_TEXTS
from gateway.control.pages.trail_texts import TRAIL_TEXTS

PARTS = (
    ACCOUNT_TEXTS,
    CONSENT_TEXTS,
    HOME_TEXTS,
    PORTABILITY_TEXTS,
    TOLD_TEXTS,
    TRAIL_TEXTS,
)
TEMPLATES = Path(__file__).parents[4] / "gateway/control/pages/templates"
LONGEST = 2
"""Kanji in a row that plain Japanese may have; more make a word that few learners can read."""
KNOWN = {"市役所", "日本語", "利用者名"}
"""Words that everybody meets who lives here."""


@pytest.mark.parametrize("language", ["en", "easy"])
@pytest.mark.parametrize("part", PARTS)
def test_no_language_lacks_a_line(part: dict[str, dict[str, str]], language: str) -> None:
    assert part[language].keys() == part["ja"].keys()
    for key, text in part[language].items():
        named = re.findall(r"\{\w+\}", part["ja"][key])
        assert sorted(named) == sorted(re.findall(r"\{\w+\}", text)), key


@pytest.mark.parametrize("part", PARTS)
def test_plain_japanese_has_no_long_words_of_kanji(part: dict[str, dict[str, str]]) -> None:
    for key, text in part["easy"].items():
        long = set(re.findall(rf"[一-龠々]{{{LONGEST + 1},}}", text)) - KNOWN
        assert not long, (key, text)


def test_all_that_residents_pages_say_is_in_plain_japanese_too() -> None:
    """Texts of the staff are in Japanese and English only: no resident's page has them."""
    easy = {key for part in PARTS for key in part["easy"]} | EASY.keys()
    said = set()
    for name in ("home", "my", "uses", "download", "safety", "copy", "told", "recover", "login"):
        text = (TEMPLATES / f"{name}.html").read_text()
        said |= set(re.findall(r"\bt\.(\w+)", text)) - {"get"}
    same = {key for key in said - easy if _ALL["easy"][key] == _ALL["ja"][key]}
    assert same <= {"password", "language_name"}, same

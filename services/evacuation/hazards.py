"""Kinds of danger, as Japan designates shelters for them.

指定緊急避難場所 are designated hazard by hazard (災害対策基本法 art. 49-4, 施行令 art. 20-3); the
municipal standard open data has one column for each (推奨データセット 指定緊急避難場所一覧).
"""

from __future__ import annotations

from typing import Final

HAZARDS: Final = {
    "flood": ("洪水", ("洪水", "氾濫", "大雨特別警報(浸水", "flood")),
    "landslide": (
        "土砂災害",
        ("土砂", "崖崩れ", "がけ崩れ", "土石流", "地滑り", "landslide", "debris flow", "mudslide"),
    ),
    "storm-surge": ("高潮", ("高潮", "storm surge", "storm-surge", "coastal flood")),
    "earthquake": ("地震", ("地震", "震度", "震源", "earthquake", "seismic")),
    "tsunami": ("津波", ("津波", "tsunami")),
    "fire": ("大規模な火事", ("火事", "火災", "fire")),
    "inland-flood": ("内水氾濫", ("内水", "浸水", "flash flood", "inland flood")),
    "volcano": ("火山現象", ("火山", "噴火", "降灰", "volcan", "eruption")),
}
"""Hazard → its Japanese name, and words of an alert's event that tell of it."""

_ORDER: Final = (
    # the more particular first: 津波 is told together with 地震, 内水氾濫 contains 氾濫
    "tsunami", "storm-surge", "inland-flood", "landslide", "volcano", "flood", "earthquake", "fire",
)  # fmt: skip


def hazard_of(*texts: str) -> str:
    """The hazard that an alert's event (then category, headline, …) names; empty when none does.

    Earlier texts count first.
    """
    for text in map(str.casefold, texts):
        for hazard in _ORDER:
            if any(word in text for word in HAZARDS[hazard][1]):
                return hazard
    return ""


def japanese(hazard: str) -> str:
    return HAZARDS[hazard][0] if hazard in HAZARDS else "災害"

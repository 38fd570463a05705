"""How a city wakes up."""

from __future__ import annotations

from typing import Final

DAWN: Final = 1 / 8
"""Part of the peak that is awake at the beginning."""
PEAK_FROM, PEAK_TO = 0.5, 0.85
"""When the peak is reached and left, as parts of the morning."""


def awake(part: float) -> float:
    """How many of the peak's users there are at a ``part`` of the morning, 0 to 1."""
    if part < PEAK_FROM:
        return float(DAWN ** (1 - part / PEAK_FROM))
    return 1.0 if part < PEAK_TO else 0.5

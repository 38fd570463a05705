"""Sparklines: a row's last hour at a glance, as SVG in the text's colour."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

WIDTH = 120
HEIGHT = 28


def spark(values: Sequence[float | None], label: str, alarm: Sequence[float | None] = ()) -> Markup:
    """A line without axes; what it says in words is ``label``.

    Args:
        values: oldest first; None where nothing is known.
        alarm: a second line on the same scale, in the colour of trouble.
    """
    top = max((value for value in (*values, *alarm) if value is not None), default=0.0) or 1.0
    return Markup(
        '<svg class="spark" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>'
    ).format(WIDTH, HEIGHT, label, _path(values, top, "s1"), _path(alarm, top, "alarm"))


def _path(values: Sequence[float | None], top: float, kind: str) -> Markup:
    step = WIDTH / max(1, len(values) - 1)
    parts: list[str] = []
    pen = False
    for place, value in enumerate(values):
        if value is not None:
            height = HEIGHT - 2 - (HEIGHT - 4) * value / top
            parts.append(f"{'L' if pen else 'M'}{place * step:.1f} {height:.1f}")
            parts.append("" if pen else "h0")
        pen = value is not None
    if not any(values):
        return Markup("")
    return Markup('<path class="{}" d="{}"/>').format(kind, "".join(parts))

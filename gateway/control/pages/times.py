"""A moment on a page: in UTC for who has no script, in the reader's own zone for who has."""

from __future__ import annotations

from datetime import UTC, datetime

from markupsafe import Markup


def time(seconds: float) -> Markup:
    """A ``time`` element.

    Args:
        seconds: since the epoch.
    """
    moment = datetime.fromtimestamp(seconds, UTC)
    said = moment.strftime("%Y-%m-%d %H:%M UTC")
    return Markup('<time datetime="{}" data-local>{}</time>').format(
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"), said
    )

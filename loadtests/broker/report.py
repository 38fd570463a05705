"""A run's figures as a table in ``loadtests/README.md``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from loadtests.peers.report import put

_HEAD = "| work | a second | CPU µs, broker | a second and core | CPU µs, store | p50 ms | p99 ms |"


def publish(found: dict[str, Any], does: dict[str, str]) -> None:
    """Put a run into the README.

    Args:
        found: what :mod:`loadtests.broker` measured.
        does: work → what it is.
    """
    about = (
        f"{datetime.now(UTC):%Y-%m-%d}, {found['entities']:,} entities, {found['store']}, log on"
        f" {found['log']}, {found['cores']} cores; load average {found['load_before']} before and"
        f" {found['load_after']} after."
    )
    lines = [_HEAD, "|---" * 7 + "|"]
    for name, row in found["works"].items():
        if name in does:
            lines.append(_line(does[name], row))
    put("broker", f"{about}\n\n" + "\n".join(lines))


def _line(does: str, row: dict[str, float]) -> str:
    return (
        f"| {does} | {row['per_s']:,.0f} | {row['cpu_us']:,.0f} | **{row['per_s_and_core']:,.0f}**"
        f" | {row['store_cpu_us']:,.0f} | {row['p50_ms']:.1f} | {row['p99_ms']:.1f} |"
    )

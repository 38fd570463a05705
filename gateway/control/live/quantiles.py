"""Quantiles of a histogram's buckets, as Prometheus' ``histogram_quantile`` has them."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf


def quantile(q: float, below: Mapping[float, float]) -> float | None:
    """The value under which a share ``q`` of what was observed lies.

    Args:
        below: upper bound → how many were at or below it; the last bound is infinite.

    Returns:
        Interpolated within the bucket; the last finite bound for what is beyond it; None where
        nothing was observed.
    """
    bounds = sorted(below)
    total = below[bounds[-1]] if bounds else 0.0
    if total <= 0 or bounds[-1] != inf:
        return None
    rank, lower, under = q * total, 0.0, 0.0
    for bound in bounds:
        count = max(under, below[bound])
        if count >= rank and count > under:
            return (
                lower
                if bound == inf
                else lower + (bound - lower) * (rank - under) / (count - under)
            )
        lower, under = (lower if bound == inf else bound), count
    return lower

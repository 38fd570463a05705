"""What of the counts may be published: nothing from which a small number can be worked out.

- Only days and months that are over: whoever asks again and again sees no number grow by one.
- A day's group (client × data set × purpose) below :data:`LEAST` is withheld.
- A month's number is that of its published days; what was withheld is added only when it makes at
  least :data:`LEAST` together. So the difference between a month and its days tells nothing of a
  small group, whichever days were published before.
- There are no totals over groups but the sum of what is published.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final, NamedTuple

from gateway.control.audit.uses import Use

LEAST: Final = 10


class Group(NamedTuple):
    client: str
    dataset: str
    purpose: str


def of_a_day(counts: Mapping[Use, int]) -> dict[Group, int]:
    """What may be told of one day."""
    return {_group(use): count for use, count in counts.items() if count >= LEAST}


def of_a_month(counts: Mapping[Use, int]) -> dict[Group, int]:
    """What may be told of one month, from the counts of its days."""
    published: dict[Group, int] = defaultdict(int)
    withheld: dict[Group, int] = defaultdict(int)
    for use, count in counts.items():
        (published if count >= LEAST else withheld)[_group(use)] += count
    for group, count in withheld.items():
        if count >= LEAST:
            published[group] += count
    return dict(published)


def _group(use: Use) -> Group:
    return Group(use.client, use.dataset, use.purpose)

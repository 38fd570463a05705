"""The corpus: requests that are odd, wrong or malicious, and some that only look so.

Each case says what the client sends, what it is answered, whether its connection goes on, and
exactly what the API behind sees. Where the outcome of a case changes, that is a decision.
"""

from __future__ import annotations

from typing import Final

from tests.gateway.core.corpus import chunks, framing, heads, sequences, targets
from tests.gateway.core.corpus.case import Case

CASES: Final[dict[str, Case]] = {
    case.name: case
    for family in (framing, chunks, heads, targets, sequences)
    for case in family.CASES
}

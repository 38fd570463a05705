"""What has ended, as the control plane tells the city's own processes behind the gateway.

The routing core has it with its policy. Who hands out data for longer than a request takes (the
broker) follows :data:`REVOCATIONS` by long-poll (RFC 7240 §4.3), and asks :data:`GRANTS` for what
it may have missed. All of it is for the inner network, and asked with the gateway key.
"""

from __future__ import annotations

from typing import Final, TypedDict

REVOCATIONS: Final = "/internal/revocations"
"""``GET``: :class:`Ends`, with an ``ETag``."""

GRANTS: Final = "/internal/grants"
"""``POST`` :class:`Asked`, answered with an :class:`Asked` of those that live no more."""

SUBJECTS: Final = "/internal/subjects"
"""``POST`` :class:`Whose`, answered with a :class:`Subject`; 404 when the consent lives no more."""

MOST_ASKED: Final = 1000
"""Ids of each kind in one question."""


class Ends(TypedDict):
    """What ended lately. Times in seconds since the epoch."""

    grants: dict[str, int]
    """Grant id → when no token of it can live any more, and it is left out here."""
    consents: dict[str, int]
    """``consent_id`` → the same."""
    clients: dict[str, int]
    """``client_id`` → what it was given at or before this time is void."""
    suspended: list[str]
    """Clients that get nothing until they are accepted again."""


class Asked(TypedDict):
    """Ids of grants and consents."""

    grants: list[str]
    consents: list[str]


class Whose(TypedDict):
    """A question for a resident's pseudonym, asked under a consent."""

    grant: str
    consent: str
    domain: str
    """Sector whose pseudonym is asked for: where the consent's data set is."""


class Subject(TypedDict):
    subject: str
    """The resident's pseudonym in the sector of the domain."""
    known_as: str
    """The one by which the client of the grant knows the resident."""

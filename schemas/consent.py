"""How a consent travels: in a token, in the policy, and in the fields that an API behind receives.

A consent is one resident's yes to one client for one data set, some or all of its fields, one
purpose, until a moment. In an access token it is an authorization detail (RFC 9396 §9.1) of type
:data:`TYPE`.
"""

from __future__ import annotations

from typing import Final, NotRequired, TypedDict

TYPE: Final = "city_data"
"""``type`` of an authorization detail that asks for, or grants, a data set."""

CLAIM: Final = "authorization_details"
"""Claim of an access token (RFC 9396 §9.1): the consents that it carries."""

ACCESSES_PATH: Final = "/internal/accesses"
"""Where the control plane takes :class:`Accesses`; never routed from outside. It answers
``{"next": n}``: the number of the journal's first access that is not in its log yet."""


class Detail(TypedDict):
    """One authorization detail, as asked for in an authorization request."""

    type: str
    dataset: str
    """Id of the data set in the catalogue."""
    purpose: NotRequired[str]
    """Of :mod:`schemas.purposes`; the client's registered one when left out."""
    fields: NotRequired[list[str]]
    """Ids of the data set's fields (:class:`schemas.xcity.DataField`); all of it when left out."""
    until: NotRequired[int]
    """Seconds since the epoch; the grant's own end when left out or later than that."""
    recipients: NotRequired[list[str]]
    """Clients (``client_id``) that may act for the resident with it, each with a token that it
    gets by token exchange (RFC 8693); nobody but the client that asks when left out."""
    essential: NotRequired[bool]
    """The client says that it is of no use without this one; the resident is told, and decides."""


class Consent(Detail):
    """The same as granted: in a token, where nothing but ``fields`` and ``recipients`` may be left
    out, and nothing is essential any more."""

    consent_id: str


class DatasetRule(TypedDict):
    """What the routing core must know of a data set."""

    legal_class: str
    """A value of :class:`schemas.xcity.LegalClass`."""
    domain: str
    fields: dict[str, list[str]]
    """Field id → where its members are in an answer: names with dots between, arrays are passed
    through (``entry.resource.start``). What no field names is left out of an answer that is
    limited to some fields; empty for a data set that can only be granted whole."""


class Access(TypedDict):
    """One access to personal data, as the gateway tells the control plane's audit log."""

    at: int
    """Milliseconds since the epoch."""
    client: str
    subject: str
    """The resident's pseudonym in the sector ``audit``."""
    route: str
    method: str
    dataset: str
    purpose: str
    fields: list[str]
    """What the answer was limited to; empty for all."""
    consent: str
    """``consent_id``; ``grant`` is the claim ``gid``."""
    grant: str
    request: str
    """``X-Request-Id``."""
    status: int
    """Of the answer, as the client gets it; 0 if there was none, or it was not known."""


class Accesses(TypedDict):
    """Body of ``POST /internal/accesses``: a piece of one gateway worker's journal, in order.

    Sending the same piece again records nothing twice: ``journal`` and ``first`` say which it is.
    """

    journal: str
    first: int
    """Number of the first one in its journal; the others follow without gaps."""
    accesses: list[Access]

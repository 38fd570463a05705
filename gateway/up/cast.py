"""Who exists in a new city: its clients and the sample city's residents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from schemas import scopes

_DOMAINS: Final = (
    "administration",
    "disaster",
    "education",
    "logistics",
    "medical",
    "mobility",
    "payments",
)
_READING: Final = tuple(f"{domain}:read" for domain in _DOMAINS)
_FEEDING: Final = tuple(f"{domain}:ingest" for domain in _DOMAINS)

_PLENTY: Final = (20_000, 10)  # requests per seconds, for the city's own processes and load tests


@dataclass(frozen=True, slots=True)
class ClientPaper:
    """A client that exists from the start; see :mod:`gateway.control.bootstrap`."""

    client_id: str
    name: str
    client_class: str
    scopes: tuple[str, ...]
    grant_types: tuple[str, ...] = ("client_credentials",)
    redirect_uris: tuple[str, ...] = ()
    rate: tuple[int, int] = (600, 60)


SAMPLE_APP: Final = "sample-app"
SAMPLE_PARTNER: Final = "sample-partner"
CONNECTORS: Final = "city-connectors"
EVACUATION: Final = "evacuation"
OPERATOR: Final = "operator"

CLIENTS: Final = (
    ClientPaper(
        SAMPLE_APP,
        "Sample application",
        "service",
        (*_READING, scopes.ENTITIES_READ, scopes.EVENTS_READ, "payments:initiate"),
        rate=_PLENTY,
    ),
    ClientPaper(
        SAMPLE_PARTNER,
        "Mirai Note (みらいノート)",
        "partner",
        (
            "medical:records",
            "education:enrolments",
            "administration:procedures",
            "payments:pay",
            "payments:read",
        ),
        grant_types=("authorization_code", "refresh_token"),
        redirect_uris=("http://127.0.0.1:8099/callback",),
    ),
    ClientPaper(
        CONNECTORS,
        "The city's connectors",
        "data-holder",
        (scopes.ENTITIES_WRITE, scopes.EVENTS_PUBLISH, scopes.EVENTS_PUBLISH_CITY),
        rate=_PLENTY,
    ),
    ClientPaper(
        EVACUATION,
        "Evacuation guidance",
        "service",
        (
            scopes.EVENTS_READ,
            scopes.EVENTS_PUBLISH,
            scopes.EVENTS_PUBLISH_CITY,
            scopes.ENTITIES_WRITE,
            "mobility:read",
            "medical:read",
        ),
        rate=_PLENTY,
    ),
    ClientPaper(
        OPERATOR,
        "City operator",
        "operator",
        (
            scopes.OPERATOR_APIS,
            scopes.OPERATOR_CLIENTS,
            scopes.OPERATOR_KEYS,
            scopes.OPERATOR_CACHE,
            scopes.OPERATOR_EVENTS,
            scopes.OPERATOR_EMERGENCY,
            scopes.OPERATOR_STAFF,
            scopes.OPERATOR_RESIDENTS,
            scopes.OPERATOR_OBJECTIONS,
            scopes.OPERATOR_METRICS,
            scopes.OPERATOR_GATEWAYS,
            scopes.AUDIT_READ,
            *_READING,
            *_FEEDING,
            scopes.ENTITIES_READ,
            scopes.ENTITIES_WRITE,
            scopes.EVENTS_READ,
            scopes.EVENTS_PUBLISH,
            scopes.EVENTS_PUBLISH_CITY,
            scopes.EVENTS_REGISTER,
            "administration:decide",
            "logistics:capture",
            "payments:accounts",
            "payments:initiate",
        ),
        rate=(6_000, 60),
    ),
)

RESIDENTS: Final = {"hana": "山田 花", "taro": "佐藤 太郎", "kenji": "鈴木 健二"}
"""Username → name of the sample city's residents, none of whom exists."""

STORIES: Final = {
    "hana": {
        "ja": "42 歳。健康診断を予約していて、市民大学でプログラミングと防災を学んでいます。",
        "en": "42; has booked a health check, and learns programming and disaster prevention at "
        "the citizens' college.",
    },
    "taro": {
        "ja": "75 歳。血圧が高めで、市立総合病院に通っています。",
        "en": "75; has rather high blood pressure and goes to the city's hospital.",
    },
    "kenji": {
        "ja": "12 歳の生徒です。学校に在籍し、予防接種の記録があります。",
        "en": "A pupil of 12, with an enrolment and a record of vaccinations.",
    },
}
"""Who they are, for developers who test with them."""

LOCAL_IDS: Final = {
    "education": "user-",
    "medical": "patient-",
    "payments": "acct-",
}
"""Domain → how the sample data holder's own id of a resident begins."""

"""What a new city needs before its first start: secrets, clients, residents.

Made once and kept in the data folder, readable by its owner alone; every later start uses the same,
so tokens, stored data and what people have pasted into their programs stay good.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

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
        (scopes.ENTITIES_WRITE, scopes.EVENTS_PUBLISH),
        rate=_PLENTY,
    ),
    ClientPaper(
        EVACUATION,
        "Evacuation guidance",
        "service",
        (
            scopes.EVENTS_READ,
            scopes.EVENTS_PUBLISH,
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
            *_READING,
            *_FEEDING,
            scopes.ENTITIES_READ,
            scopes.ENTITIES_WRITE,
            scopes.EVENTS_READ,
            scopes.EVENTS_PUBLISH,
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

_LOCAL_IDS: Final = {
    "education": "user-",
    "medical": "patient-",
    "payments": "acct-",
}
"""Domain → how the sample data holder's own id of a resident begins."""


@dataclass(frozen=True, slots=True)
class Papers:
    """Secrets of one city.

    Attributes:
        gateway_key, pairwise_key: see :class:`gateway.settings.Settings`.
        client_secrets: by client id.
        passwords: by resident's username.
    """

    gateway_key: str
    pairwise_key: str
    client_secrets: Mapping[str, str]
    passwords: Mapping[str, str]

    @classmethod
    def keep(cls, folder: Path) -> Papers:
        """The city's papers from ``folder/secrets.json``; what is missing there is made.

        Raises:
            PapersError: the file is there but cannot be used.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / "secrets.json"
        held = _read(path) if path.exists() else {}
        clients, residents = held.get("clients", {}), held.get("residents", {})
        papers = cls(
            held.get("gateway_key") or secrets.token_urlsafe(32),
            held.get("pairwise_key") or secrets.token_urlsafe(48),
            {c.client_id: clients.get(c.client_id) or secrets.token_urlsafe(32) for c in CLIENTS},
            {name: residents.get(name) or secrets.token_urlsafe(12) for name in RESIDENTS},
        )
        now = papers._as_json()
        if now != held:
            write_private(path, now)
        return papers

    def _as_json(self) -> dict[str, Any]:
        return {
            "gateway_key": self.gateway_key,
            "pairwise_key": self.pairwise_key,
            "clients": dict(self.client_secrets),
            "residents": dict(self.passwords),
        }

    def bootstrap(self, apis: Mapping[str, str]) -> dict[str, Any]:
        """The bootstrap document of the control plane.

        Args:
            apis: name → address of its OpenAPI document.
        """
        return {
            "apis": [
                {"name": name, "document_url": url, "internal": True} for name, url in apis.items()
            ],
            "clients": [self._client(paper) for paper in CLIENTS],
            "residents": [
                {
                    "username": username,
                    "password": self.passwords[username],
                    "name": name,
                    "links": {domain: start + username for domain, start in _LOCAL_IDS.items()},
                }
                for username, name in RESIDENTS.items()
            ],
        }

    def _client(self, paper: ClientPaper) -> dict[str, Any]:
        return {
            "client_id": paper.client_id,
            "client_secret": self.client_secrets[paper.client_id],
            "name": paper.name,
            "client_class": paper.client_class,
            "scopes": list(paper.scopes),
            "grant_types": list(paper.grant_types),
            "redirect_uris": list(paper.redirect_uris),
            "rate": list(paper.rate),
        }

    def card(self, client_id: str, gateway_url: str) -> dict[str, str]:
        """What a program needs to act as a client: the content of ``<client id>.json``."""
        secret = self.client_secrets[client_id]
        return {"client_id": client_id, "client_secret": secret, "gateway_url": gateway_url}


class PapersError(RuntimeError):
    """What is wrong with the file, and what to do."""


def _read(path: Path) -> dict[str, Any]:
    try:
        held = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise PapersError(
            f"{path} cannot be read ({error}). It holds the city's keys: bring it back from a "
            "copy, or remove the whole data folder to begin a new city."
        ) from error
    if not isinstance(held, dict):
        raise PapersError(f"{path} does not hold a JSON object.")
    return held


def write_private(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON that only its owner can read, whole or not at all."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, ensure_ascii=False, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)

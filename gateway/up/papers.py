"""What a new city needs before its first start: secrets, and the bootstrap document.

Made once and kept in the data folder, readable by its owner alone; every later start uses the same,
so tokens, stored data and what people have pasted into their programs stay good.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.private_file import write_private
from gateway.up.cast import CLIENTS, LOCAL_IDS, RESIDENTS, STORIES, ClientPaper


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
                    "proofing": 2,
                    "synthetic": True,
                    "shown_password": True,
                    "story": STORIES[username],
                    "links": {domain: start + username for domain, start in LOCAL_IDS.items()},
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

"""What a subscriber's receiver asks to be sent, such as a token: encrypted at rest."""

from __future__ import annotations

import logging
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final

from schemas.kit.outgoing.signing import Seal
from schemas.kit.store import Store
from services.broker.delivery.identity import broker_key

logger = logging.getLogger(__name__)

_INFO: Final = "receiverInfo"


class Vault:
    """Seals and opens the values of ``receiverInfo`` (§5.2.15).

    Args:
        key: see :func:`services.broker.delivery.identity.broker_key`.
    """

    def __init__(self, store: Store, key: str = "") -> None:
        self._store, self._key = store, key
        self._seal: Seal | None = None

    async def ready(self) -> None:
        """Get the key, once; not inside a transaction of the store."""
        if self._seal is None:
            self._seal = Seal(await broker_key(self._store, self._key))

    def closed(self, document: Mapping[str, Any], tenant: str) -> dict[str, Any]:
        """A subscription's document as it is stored."""
        seal, name = self._ready(), _name(document, tenant)
        return _changed(document, lambda v: b64encode(seal.close(v, name)).decode())

    def opened(self, document: Mapping[str, Any], tenant: str) -> dict[str, Any]:
        """A subscription's document as it was sent."""
        seal, name = self._ready(), _name(document, tenant)

        def opened(value: str) -> str:
            try:
                return seal.open(b64decode(value), name)
            except ValueError:
                # better a receiver that refuses than a broker that does not start
                logger.warning("receiverInfo of %s was sealed with another key", document["id"])
                return ""

        return _changed(document, opened)

    def headers(self, document: Mapping[str, Any], tenant: str) -> dict[str, str]:
        """The header fields that the receiver asks for, names in lower case (§6.3.8)."""
        if _INFO not in document["notification"]["endpoint"]:
            return {}
        pairs = self.opened(document, tenant)["notification"]["endpoint"][_INFO]
        return {pair["key"].lower(): pair["value"] for pair in pairs}

    def _ready(self) -> Seal:
        assert self._seal is not None  # noqa: S101 - see ready()
        return self._seal


def _name(document: Mapping[str, Any], tenant: str) -> str:
    return f"subscription {tenant} {document['id']}"


def _changed(document: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    notification = document["notification"]
    endpoint = notification["endpoint"]
    if _INFO not in endpoint:
        return dict(document)
    pairs = [
        # what the body depends on is no secret, and is read when a notification is made
        pair if pair["key"].lower() == "prefer" else {**pair, "value": change(pair["value"])}
        for pair in endpoint[_INFO]
    ]
    return {**document, "notification": {**notification, "endpoint": {**endpoint, _INFO: pairs}}}

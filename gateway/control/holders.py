"""Telling data holders something about a resident, until they have taken it."""

from __future__ import annotations

import logging

import httpx

from schemas.kit.client import CityClient

logger = logging.getLogger(__name__)


async def tell(
    client: CityClient, domain: str, method: str, path: str, body: dict[str, str] | None = None
) -> bool:
    """Whether the holder of a domain has taken it.

    Args:
        client: the control plane's own, holding ``<domain>:link``.
        path: below ``/<domain>/v1/``.
    """
    try:
        await client.request(method, f"/{domain}/v1/{path}", json=body)
    except httpx.HTTPError as error:
        # neither path nor body: who a pseudonym is must not be in a log
        logger.info("%s has not taken what it is told: %s", domain, type(error).__name__)
        return False
    return True

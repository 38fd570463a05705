"""Whom calls over TLS trust: the usual authorities, read once in a process."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """One context for all clients; reading the authorities for each takes longer than a call."""
    return httpx.create_ssl_context()

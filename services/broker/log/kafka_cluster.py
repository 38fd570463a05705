"""Where a Kafka cluster is, and how to speak to it, from a URL.

``kafka://host:port,host:port``: in the clear, on a network of one's own.
``kafka+ssl://user:password@host:port,…``: TLS, signing in with SCRAM; without a user, TLS only.

After ``?``, each percent-encoded: ``ca`` (file of the certificates that are trusted; the system's
when left out), ``cert`` and ``key`` (files of the client's own, where the cluster asks for them),
``mechanism`` (``SCRAM-SHA-512`` when left out, ``SCRAM-SHA-256`` or ``PLAIN``).
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

_MECHANISMS: Final = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
_OPTIONS: Final = frozenset(("ca", "cert", "key", "mechanism"))


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster, and what every client of it is made with.

    Attributes:
        bootstrap: ``host:port``, several separated by commas.
        security: keywords of aiokafka's clients; never to be logged.
    """

    bootstrap: str
    security: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, url: str) -> Cluster:
        """The cluster that a URL names.

        Raises:
            ValueError: it says something that is not spoken here, or names a file that cannot be
                read; without the password.
        """
        parts = urlsplit(url)
        identity, _, hosts = parts.netloc.rpartition("@")
        user, _, password = identity.partition(":")
        options = dict(parse_qsl(parts.query))
        if unknown := options.keys() - _OPTIONS:
            raise ValueError(f"a kafka URL has no option {', '.join(sorted(unknown))}")
        encrypted = parts.scheme == "kafka+ssl"
        if not encrypted and (identity or options):
            raise ValueError("passwords and certificates go with kafka+ssl:// only")
        security: dict[str, Any] = _encryption(options) if encrypted else {}
        if user:
            security |= _identity(unquote(user), unquote(password), options)
        return cls(hosts, security)


def _encryption(options: dict[str, str]) -> dict[str, Any]:
    try:
        context = ssl.create_default_context(cafile=options.get("ca"))
        if "cert" in options:
            context.load_cert_chain(options["cert"], options.get("key"))
    except OSError as error:  # ssl's own errors are among them
        raise ValueError(f"the kafka URL's ca, cert or key cannot be read: {error}") from error
    return {"security_protocol": "SSL", "ssl_context": context}


def _identity(user: str, password: str, options: dict[str, str]) -> dict[str, Any]:
    mechanism = options.get("mechanism", _MECHANISMS[0])
    if mechanism not in _MECHANISMS:
        raise ValueError(f"mechanism is one of {', '.join(_MECHANISMS)}")
    return {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": user,
        "sasl_plain_password": password,
    }

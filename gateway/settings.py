"""One frozen ``Settings``, read from the environment by the command line alone.

Everything else is handed what it needs as arguments, so a test or another program can start any
part without touching the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

PREFIX: Final = "SUPERCITY_"
_SECRET_LENGTH = 32

_HINTS: Final = {
    "gateway_key": "one random text for all processes, such as `openssl rand -hex 32` gives",
    "pairwise_key": "one random text for gateway and control, such as `openssl rand -hex 32` gives",
    "client_id": "the client that this process calls the open API as",
    "client_secret": "the secret that came with the client id",
}


class SettingsError(ValueError):
    """What is wrong in the environment, and how to mend it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the parts of the city find each other.

    Attributes:
        public_url: the address that the world knows; issuer and audience of every token.
        control_url: the control plane, inside.
        gateway_url: the gateway as this process reaches it; the public URL unless said otherwise.
        log_url: ``kafka://host:port`` or ``sqlite:///folder``.
        store_url: ``postgresql+asyncpg://…`` or ``sqlite+aiosqlite:///folder``.
        limits_url: ``redis://host:port`` or ``local://``.
        gateway_key: secret by which the city's own APIs know the gateway.
        pairwise_key: master key of pseudonyms and of the control plane's keys at rest.
        data_dir: folder for what a process keeps beside its store.
        workers: data-plane processes; 0 means one a core.
        bootstrap: JSON file of the APIs, clients and residents that exist from the start.
        client_id, client_secret: this process's own client, for connectors and services.
        deliver_to: networks inside, separated by spaces, to which the broker may send webhooks and
            notifications, and the control plane notices, and from which contexts may be fetched,
            also without TLS; ``any`` for all. Without it only public addresses are called.
        sources: ``<domain>.<feed>=<URL or path>``, separated by spaces: where feeds come from.
        sample: whether feeds without a source are the sample city's; never in a real one.
        host, port: where this process listens; port 0 means its usual one.
        admin_port: the gateway's metrics and probes.
        tls_cert, tls_key: PEM files; with them the gateway speaks TLS, and takes what changes.
        tls_client_ca: PEM file of authorities; with it every client must show a certificate.
        metrics_urls: where the control plane finds the processes' metrics, separated by spaces:
            ``gateway=http://gateway-each:9000``; each address of the host is a process.
        map_base: GeoJSON file of the city's boundary, water and roads, for the operators' map.
        otlp_url: an OpenTelemetry collector, such as ``http://collector:4318``, for the spans of
            sampled requests.
        trace_ratio: of the requests that begin a trace, how many are sampled; from 0 to 1.
    """

    public_url: str = "http://127.0.0.1:8000"
    control_url: str = "http://127.0.0.1:8001"
    gateway_url: str = ""
    log_url: str = ""
    store_url: str = ""
    limits_url: str = "local://"
    gateway_key: str = ""
    pairwise_key: str = ""
    data_dir: Path = Path(".supercity")
    workers: int = 0
    bootstrap: Path | None = None
    client_id: str = ""
    client_secret: str = ""
    deliver_to: str = ""
    sources: str = ""
    sample: bool = False
    host: str = "127.0.0.1"
    port: int = 0
    admin_port: int = 9000
    tls_cert: str = ""
    tls_key: str = ""
    tls_client_ca: str = ""
    metrics_urls: str = ""
    map_base: Path | None = None
    otlp_url: str = ""
    trace_ratio: float = 0.0

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Settings:
        """Read ``SUPERCITY_*``; an empty value counts as not set.

        Raises:
            SettingsError: naming every variable that is wrong, and what it should be.
        """
        given = {
            field.name: environ[PREFIX + field.name.upper()]
            for field in fields(cls)
            if environ.get(PREFIX + field.name.upper())
        }
        problems: list[str] = []
        values: dict[str, object] = {}
        for name, text in given.items():
            try:
                values[name] = _read(name, text)
            except ValueError as error:
                problems.append(f"{_variable(name)}: {error}")
        if problems:
            raise SettingsError("\n".join(problems))
        return cls(**values)._completed()  # type: ignore[arg-type]

    def _completed(self) -> Settings:
        folder = self.data_dir.absolute()
        return _replace(
            self,
            gateway_url=self.gateway_url or self.public_url,
            store_url=self.store_url or f"sqlite+aiosqlite:///{folder / 'store'}",
            log_url=self.log_url or f"sqlite:///{folder / 'log'}",
        )

    def require(self, *names: str) -> None:
        """Refuse to go on without these.

        Raises:
            SettingsError: naming the variables to set and what to set them to.
        """
        missing = [name for name in names if not getattr(self, name)]
        if missing:
            lines = (f"{_variable(name)} is not set: {_HINTS.get(name, '')}" for name in missing)
            raise SettingsError("\n".join(lines))


def _replace(settings: Settings, **changes: object) -> Settings:
    current = {field.name: getattr(settings, field.name) for field in fields(settings)}
    return Settings(**{**current, **changes})


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _read(name: str, text: str) -> object:
    if name in {"data_dir", "bootstrap", "map_base"}:
        return Path(text)
    if name == "sample":
        return _yes_or_no(text)
    if name == "sources":
        return _sources(text)
    if name == "deliver_to":
        return _networks(text)
    if name == "metrics_urls":
        return _metrics_urls(text)
    if name in {"workers", "port", "admin_port"}:
        return _whole_number(text, most=1024 if name == "workers" else 65535)
    if name == "trace_ratio":
        return _ratio(text)
    if name in {"public_url", "control_url", "gateway_url", "otlp_url"}:
        return _http_url(text)
    if name in {"gateway_key", "pairwise_key"} and len(text) < _SECRET_LENGTH:
        raise ValueError(f"has {len(text)} characters, needs {_SECRET_LENGTH}: {_HINTS[name]}")
    return text


def _networks(text: str) -> str:
    for part in [] if text == "any" else text.split():
        try:
            ip_network(part)
        except ValueError as error:
            raise ValueError(f"{error}; give networks such as 10.1.0.0/16, or any") from error
    return text


def _metrics_urls(text: str) -> str:
    for one in text.split():
        part, _, url = one.partition("=")
        if not part or not url.startswith("http://"):
            raise ValueError(f"has {one!r}: write it like gateway=http://127.0.0.1:9000")
        _http_url(url)
    return text


def _whole_number(text: str, most: int) -> int:
    if not text.isdecimal() or int(text) > most:
        raise ValueError(f"is {text!r}, should be a whole number from 0 to {most}")
    return int(text)


def _ratio(text: str) -> float:
    try:
        ratio = float(text)
    except ValueError:
        ratio = -1.0
    if not 0 <= ratio <= 1:
        raise ValueError(f"is {text!r}, should be a number from 0 to 1, such as 0.01")
    return ratio


def _yes_or_no(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(f"is {text!r}, should be true or false")
    return text == "true"


def _sources(text: str) -> str:
    for one in text.split():
        name, _, where = one.partition("=")
        if not where or name.count(".") != 1:
            raise ValueError(f"has {one!r}: write it like mobility.gtfs=https://feed.example/")
    return text


def _http_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/"):
        raise ValueError(f"is {text!r}, should be like https://city.example, without a path")
    return text.rstrip("/")

"""Which processes a city on one machine has, where each listens, and what each is told.

Pure: nothing is started or written here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.settings import PREFIX, Settings
from gateway.up.cast import CONNECTORS, EVACUATION
from gateway.up.papers import Papers

USUAL_BASE: Final = 8000
_ADMIN: Final = 1000  # above the base
_INSIDE: Final = "127.0.0.1"

_SAMPLE_BASE: Final = Path(__file__).parent / "mirai.geojson"

_CONNECTED: Final = (
    "administration",
    "disaster",
    "education",
    "logistics",
    "medical",
    "mobility",
    "payments",
)


@dataclass(frozen=True, slots=True)
class Ports:
    """Six ports of one city: five in a row from ``base``, and the gateway's admin port."""

    base: int

    @property
    def gateway(self) -> int:
        return self.base

    @property
    def control(self) -> int:
        return self.base + 1

    @property
    def broker(self) -> int:
        return self.base + 2

    @property
    def connectors(self) -> int:
        return self.base + 3

    @property
    def services(self) -> int:
        return self.base + 4

    @property
    def admin(self) -> int:
        return self.base + _ADMIN

    def all(self) -> dict[str, int]:
        names = ("gateway", "control", "broker", "connectors", "services", "admin")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the city.

    Attributes:
        name: its command of ``supercity``, its log's name, what the screen calls it.
        environ: its ``SUPERCITY_*`` variables.
        ready_url: answers 200 once it can serve.
        address: where it listens, for the screen.
        command: that starts it.
    """

    name: str
    environ: Mapping[str, str]
    ready_url: str
    address: str
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A city on one machine.

    Attributes:
        public_url: where the world finds it.
        gateway_url: the same, from this machine.
        folder: its data folder, absolute.
        processes: in the order of their start.
        apis: name → address of its OpenAPI document.
        is_sample: every feed is the sample city's, so it is known what will be published.
    """

    public_url: str
    gateway_url: str
    folder: Path
    ports: Ports
    processes: tuple[Process, ...]
    apis: Mapping[str, str]
    is_sample: bool


def draw(settings: Settings, papers: Papers, base: int = USUAL_BASE) -> Plan:
    """The plan of a city from its settings.

    Args:
        base: the first of its ports.
    """
    ports = Ports(base)
    folder = settings.data_dir.absolute()
    inside = {name: f"http://{_INSIDE}:{port}" for name, port in ports.all().items()}
    gateway_url = inside["gateway"]
    # without a public address of its own, a city is known by where it listens
    has_none = settings.public_url == Settings().public_url
    public_url = gateway_url if has_none else settings.public_url
    common = {
        "PUBLIC_URL": public_url,
        "CONTROL_URL": inside["control"],
        "GATEWAY_URL": gateway_url,
        "LOG_URL": settings.log_url,
        "STORE_URL": settings.store_url,
        "LIMITS_URL": settings.limits_url,
        "GATEWAY_KEY": papers.gateway_key,
        "DATA_DIR": str(folder),
        "HOST": _INSIDE,
    }
    own = {
        "control": {
            "PAIRWISE_KEY": papers.pairwise_key,
            "BOOTSTRAP": str(folder / "bootstrap.json"),
            "DELIVER_TO": settings.deliver_to,
            "METRICS_URLS": settings.metrics_urls or _metrics(inside),
            "MAP_BASE": str(settings.map_base or (_SAMPLE_BASE if settings.sample else "")),
        },
        "broker": {"DELIVER_TO": settings.deliver_to},
        "gateway": {
            "PAIRWISE_KEY": papers.pairwise_key,
            "HOST": settings.host,
            "WORKERS": str(settings.workers or _workers()),
            "ADMIN_PORT": str(ports.admin),
            "OTLP_URL": settings.otlp_url,
            "TRACE_RATIO": str(settings.trace_ratio),
        },
        "connectors": {
            **_client(papers, CONNECTORS),
            "SOURCES": settings.sources,
            "SAMPLE": "true" if settings.sample else "false",
        },
        "services": _client(papers, EVACUATION),
    }
    processes = tuple(
        _process(name, {**common, "PORT": str(ports.all()[name]), **more}, inside)
        for name, more in own.items()
    )
    is_sample = settings.sample and not settings.sources
    return Plan(public_url, gateway_url, folder, ports, processes, _apis(inside), is_sample)


def _metrics(inside: Mapping[str, str]) -> str:
    """Where the control plane finds the others' metrics; its own it has."""
    parts = {"gateway": "admin", **{name: name for name in ("broker", "connectors", "services")}}
    return " ".join(f"{part}={inside[name]}" for part, name in parts.items())


def _workers() -> int:
    """Half the cores: the other half are for the processes behind the gateway."""
    return max(1, (os.cpu_count() or 2) // 2)


def _client(papers: Papers, client_id: str) -> dict[str, str]:
    return {"CLIENT_ID": client_id, "CLIENT_SECRET": papers.client_secrets[client_id]}


def _process(name: str, told: Mapping[str, str], inside: Mapping[str, str]) -> Process:
    asked = inside["admin"] if name == "gateway" else inside[name]
    environ = {PREFIX + key: value for key, value in told.items()}
    command = (sys.executable, "-m", "gateway.cli", name)
    return Process(name, environ, f"{asked}/readyz", inside[name], command)


def _apis(inside: Mapping[str, str]) -> dict[str, str]:
    connected = {name: f"{inside['connectors']}/{name}/v1/openapi.json" for name in _CONNECTED}
    return {
        "broker": f"{inside['broker']}/events/v1/openapi.json",
        **connected,
        "evacuation": f"{inside['services']}/evacuation/v1/openapi.json",
    }

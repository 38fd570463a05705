"""Whether the ports of a city can be had, and how to say that they cannot."""

from __future__ import annotations

import socket
from collections.abc import Mapping

_FAR_AWAY = 10_000


def taken(ports: Mapping[str, int], host: str = "127.0.0.1") -> dict[str, int]:
    """Those of the ports that something listens on already."""
    return {name: port for name, port in ports.items() if not _can_bind(host, port)}


def _can_bind(host: str, port: int) -> bool:
    with socket.socket() as probe:
        # as the servers do: what has just been left by a stopped city counts as free
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def explain(busy: Mapping[str, int], base: int) -> str:
    """What is wrong and what to do, for the screen."""
    listed = ", ".join(f"{port} ({name})" for name, port in busy.items())
    plural = "Ports" if len(busy) > 1 else "Port"
    other = base + _FAR_AWAY if base + _FAR_AWAY < 60_000 else 8000
    return (
        f"{plural} in use: {listed}.\n"
        "If another city runs here, stop it with Ctrl-C in its terminal; or start this one on "
        f"other ports:\n\n    supercity up --port-base {other}\n"
    )

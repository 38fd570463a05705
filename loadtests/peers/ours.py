"""Our gateway as a candidate: ``python -m loadtests.peers.ours FOLDER PORT ADMIN LOG [CERT KEY]``.

It runs on the last good policy in ``FOLDER``, as it would with the control plane down.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from gateway.worker import GatewayConfig, run
from loadtests.peers import personal, work


def policy(upstream: int, signers: list[work.Signer]) -> dict[str, Any]:
    """The snapshot: every route of the work, every client, limits that nobody reaches."""
    plenty = {"requests": 1_000_000, "seconds": 1}
    client = {"client_class": "partner", "rate": plenty, "suspended": False}
    routes = [
        {
            "id": f"bench.{method}{path}", "method": method, "path": path, "upstream": "api",
            "strip": "", "access": "scoped", "scopes": [[work.SCOPE]], "subject": "",
            "dataset": "", "priority": "normal", "max_body_bytes": 10_000_000,
            "stream": path.endswith(work.STREAM),
        }
        for collection in work.ROUTES
        for method, path in (
            ("GET", collection), ("GET", collection + "/{id}"), ("POST", collection + "/{id}"),
            ("GET", collection + work.STREAM),
        )
    ]  # fmt: skip
    kept = {
        **routes[0], "id": "bench.kept", "path": work.KEPT + "/{id}", "access": "open",
        "scopes": [], "cache": {},
    }  # fmt: skip
    plain = {
        **routes[0], "id": "bench.open", "path": work.OPEN + "/{id}", "access": "open", "scopes": []
    }  # fmt: skip
    api = {
        "addresses": [f"127.0.0.1:{upstream}"], "sector": "bench", "internal": True,
        "connect_timeout_ms": 5_000, "response_timeout_ms": 30_000, "idle_timeout_ms": 30_000,
        "max_connections": 4_096,
    }  # fmt: skip
    return {
        "format": 1, "revision": "bench", "issuer": work.ISSUER, "audience": work.ISSUER,
        "keys": [signer.jwk for signer in signers], "upstreams": {"api": api},
        "routes": [*routes, kept, plain, personal.route(routes[0])],
        "datasets": personal.DATASETS,
        "clients": {f"client-{number}": client for number in range(work.CLIENTS)},
        "revoked": {"tokens": {}, "families": {}, "clients": {}}, "open_rate": plenty,
    }  # fmt: skip


def main() -> None:
    folder, port, admin, access_log, *tls = sys.argv[1:]
    cert, key = tls or ("", "")
    run(
        GatewayConfig(
            host="127.0.0.1",
            port=int(port),
            workers=1,
            admin_host="127.0.0.1",
            admin_port=int(admin),
            control_url="http://127.0.0.1:9",  # nobody is there
            state_dir=Path(folder),
            gateway_key=b"bench",
            pairwise_key=personal.PAIRWISE_KEY,
            access_log="" if access_log == "off" else access_log,
            tls_cert=cert,
            tls_key=key,
        )
    )


if __name__ == "__main__":
    main()

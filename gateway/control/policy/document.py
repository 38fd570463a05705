"""Reading an OpenAPI document (3.0 or 3.1, JSON) as far as the platform needs it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from pydantic import ValidationError

from gateway.control.policy import paths
from gateway.control.policy.findings import Findings, pointer
from schemas.xcity import KEY, ApiInfo

LARGEST: Final = 4 * 1024 * 1024
_DEEPEST = 100
_MOST_NODES = 400_000
_DATA = frozenset(("example", "examples", "default", "enum", "const"))  # values, not document

Json = dict[str, Any]


def parse(raw: bytes, findings: Findings) -> Json:
    """The document's JSON object; empty, with findings, when it cannot be used at all."""
    if len(raw) > LARGEST:
        findings.add("", f"The document has {len(raw)} bytes, the most is {LARGEST}.", "Split it.")
        return {}
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        findings.add("", f"The document is not JSON: {error}.", "Serve openapi.json, not YAML.")
        return {}
    if not isinstance(document, dict):
        findings.add("", "The document is not a JSON object.")
        return {}
    version = document.get("openapi")
    if not isinstance(version, str) or not version.startswith(("3.0.", "3.1.")):
        findings.add("/openapi", f"{version!r} is not supported.", "Use OpenAPI 3.0 or 3.1.")
        return {}
    info = document.get("info")
    if not isinstance(info, dict) or not isinstance(info.get("title"), str):
        findings.add("/info/title", "The API has no title.", "Give info.title: people read it.")
        return {}
    if not isinstance(document.get("paths"), dict) or not document["paths"]:
        findings.add("/paths", "The document has no paths.")
        return {}
    return document if _references_are_local(document, findings) else {}


def _references_are_local(document: Json, findings: Findings) -> bool:
    """A ``$ref`` to elsewhere would let the meaning change behind the platform's back."""
    before = len(findings)
    for where, value in _references(document, findings):
        if not isinstance(value, str) or not value.startswith("#/"):
            findings.add(where, "This $ref leaves the document.", "Bring what it names inside.")
        elif find(document, value) is None:
            findings.add(where, f"{value!r} names nothing in the document.")
    return len(findings) == before


def _references(document: Json, findings: Findings) -> Iterator[tuple[str, Any]]:
    stack: list[tuple[tuple[object, ...], Any]] = [((), document)]
    seen = 0
    while stack:
        where, node = stack.pop()
        seen += 1
        if len(where) > _DEEPEST or seen > _MOST_NODES:
            findings.add(pointer(*where[:5]), "The document is too deep or has too many parts.")
            return
        if isinstance(node, dict):
            # a *property* may be called $ref too, but then its value is a schema, not text
            if isinstance(node.get("$ref"), str):
                yield pointer(*where, "$ref"), node["$ref"]
            named_by_author = bool(where) and where[-1] == "properties"
            stack.extend(
                ((*where, key), value)
                for key, value in node.items()
                if named_by_author or key not in _DATA
            )
        elif isinstance(node, list):
            stack.extend(((*where, index), value) for index, value in enumerate(node))


def find(document: Json, reference: str) -> Any:
    """What a local ``#/…`` reference names; ``None`` when nothing."""
    node: Any = document
    for part in reference[2:].split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict) and key in node:
            node = node[key]
        elif isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return node


def resolve(document: Json, node: Any) -> Json:
    """``node``, or what its chain of references ends in; empty when that is no object."""
    for _ in range(20):
        if not isinstance(node, dict):
            return {}
        if not isinstance(node.get("$ref"), str):
            return node
        node = find(document, node["$ref"])
    return {}


def api_info(document: Json, name: str, findings: Findings) -> ApiInfo:
    """Root ``x-city``; an API without one is described by its name alone."""
    raw = document.get(KEY)
    if raw is None:
        return ApiInfo(domain=name)
    try:
        info = ApiInfo.model_validate(raw)
    except ValidationError as error:
        for item in error.errors()[:20]:
            findings.add(pointer(KEY, *item["loc"]), item["msg"])
        return ApiInfo(domain=name)
    ids = [dataset.id for dataset in info.datasets]
    for number, one in enumerate(ids):
        if one in ids[:number]:
            findings.add(pointer(KEY, "datasets", number), f"Data set {one!r} is there twice.")
    return info


def server_path(document: Json, origins: tuple[str, ...], findings: Findings) -> str:
    """Leading path from ``servers``: ``""`` or like ``/v1``.

    Args:
        origins: origins (``http://host:port``) that are this API itself.
    """
    servers = document.get("servers") or [{"url": "/"}]
    if not isinstance(servers, list) or not all(isinstance(one, dict) for one in servers):
        findings.add("/servers", "This is not an array of server objects.")
        return ""
    found = {_server_path(one, number, origins, findings) for number, one in enumerate(servers)}
    if len(found) > 1:
        findings.add("/servers", "The servers have different paths.", "Keep the one to be used.")
    return found.pop()


def _server_path(server: Json, number: int, origins: tuple[str, ...], findings: Findings) -> str:
    where = pointer("servers", number, "url")
    url = server.get("url")
    try:
        parts = urlsplit(url) if isinstance(url, str) and "{" not in url else None
    except ValueError:
        parts = None
    if parts is None:
        findings.add(where, "This server URL cannot be used.", "Write a plain path, such as /v1.")
        return ""
    origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
    if origin and origin not in origins:
        findings.add(where, f"{origin} is another origin.", "Write a path, such as /v1.")
    path = parts.path.rstrip("/")
    if path and paths.split(path, where, findings) is None:
        return ""
    return path

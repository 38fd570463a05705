"""Public OpenAPI documents: one API as the world sees it, and one document of the whole open API.

An attached document speaks from its API's own point of view. In public its paths stand under their
public prefix, its security is the platform's OAuth, and in the whole document its components carry
the API's name, so that two APIs may each have a ``Stop``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from gateway.control.policy.compiler import METHODS, CompiledApi
from gateway.control.policy.document import Json
from schemas.scopes import DESCRIPTIONS
from schemas.xcity import SECURITY_SCHEME

_COMPONENTS: Final = "#/components/"
TITLE: Final = "City open API"


def public_document(api: CompiledApi, public_url: str) -> Json:
    """One API's document with public paths, servers and security."""
    document = {
        name: value
        for name, value in api.document.items()
        if name not in {"servers", "paths", "components", "security"}
    }
    used = _scopes([api])
    return {
        **document,
        "servers": [{"url": public_url}],
        "paths": _paths(api, rename=""),
        "components": {
            **_components(api, rename=""),
            "securitySchemes": security_schemes(public_url, used),
        },
    }


def whole_document(apis: Iterable[CompiledApi], public_url: str) -> Json:
    """Every attached API in one OpenAPI 3.1 document."""
    usable = [api for api in apis if api.routes]
    paths: Json = {}
    components: Json = {}
    for api in usable:
        rename = f"{api.territory.name}."
        paths |= _paths(api, rename)
        for kind, found in _components(api, rename).items():
            components.setdefault(kind, {}).update(found)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": "1.0.0",
            "description": "Everything that this city's data-linkage platform offers.",
        },
        "servers": [{"url": public_url}],
        "tags": [_tag(api) for api in usable],
        "paths": dict(sorted(paths.items())),
        "components": {
            **components,
            "securitySchemes": security_schemes(public_url, _scopes(usable)),
        },
    }


def security_schemes(public_url: str, scopes: list[str]) -> Json:
    described = {scope: DESCRIPTIONS.get(scope, "") for scope in scopes}
    token_url = f"{public_url}/oauth/token"
    return {
        SECURITY_SCHEME: {
            "type": "oauth2",
            "description": f"Metadata: {public_url}/.well-known/oauth-authorization-server",
            "flows": {
                "clientCredentials": {"tokenUrl": token_url, "scopes": described},
                "authorizationCode": {
                    "authorizationUrl": f"{public_url}/oauth/authorize",
                    "tokenUrl": token_url,
                    "refreshUrl": token_url,
                    "scopes": described,
                },
            },
        }
    }


def _tag(api: CompiledApi) -> Json:
    return {"name": api.territory.name, "description": api.document["info"]["title"]}


def _scopes(apis: Iterable[CompiledApi]) -> list[str]:
    named = (s for api in apis for route in api.routes for some in route["scopes"] for s in some)
    return sorted(set(named))


def _paths(api: CompiledApi, rename: str) -> Json:
    security = {
        (route["method"], route["path"]): [{SECURITY_SCHEME: some} for some in route["scopes"]]
        for route in api.routes
    }
    found: Json = {}
    for path, item in api.document["paths"].items():
        public = api.mounts.get(path)
        if public is None:
            continue
        shown = found[public] = {}
        for name, value in item.items():
            moved = _move(value, rename)
            if name in METHODS:
                moved = {**moved, "security": security[name.upper(), public]}
                if rename:
                    operation = str(moved.get("operationId", f"{name}{public}"))
                    moved |= {"operationId": rename + operation, "tags": [api.territory.name]}
            shown[name] = moved
    return found


def _components(api: CompiledApi, rename: str) -> Json:
    components = api.document.get("components")
    if not isinstance(components, dict):
        return {}
    return {
        kind: {rename + name: _move(value, rename) for name, value in some.items()}
        for kind, some in components.items()
        if kind != "securitySchemes" and isinstance(some, dict)
    }


def _move(node: Any, rename: str) -> Any:
    """``node`` with references to components following their new names."""
    if not rename:
        return node
    if isinstance(node, list):
        return [_move(one, rename) for one in node]
    if not isinstance(node, dict):
        return node
    return {key: _move_value(key, value, rename) for key, value in node.items()}


def _move_value(key: str, value: Any, rename: str) -> Any:
    if key == "$ref" and isinstance(value, str):
        return _renamed(value, rename)
    if key == "mapping" and isinstance(value, dict):  # of a discriminator
        return {
            name: _renamed(one, rename) if isinstance(one, str) else one
            for name, one in value.items()
        }
    return _move(value, rename)


def _renamed(reference: str, rename: str) -> str:
    if not reference.startswith(_COMPONENTS):
        return reference
    kind, _, name = reference.removeprefix(_COMPONENTS).partition("/")
    return f"{_COMPONENTS}{kind}/{rename}{name}"

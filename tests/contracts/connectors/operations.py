"""The operations of a connector, as its own OpenAPI document has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas import headers
from schemas.xcity import KEY, SECURITY_SCHEME
from tests.connectors.harness import Running

METHODS = ("get", "put", "post", "delete", "patch")
EXAMPLES = {"lat": 36.55, "lon": 139.88, "near": "36.55,139.88"}
"""Values of query parameters that some lists need."""

NOBODY = ("no-such-thing", "0" * 32, "00000000-0000-0000-0000-000000000000", "0")
"""Ids that nothing has, in the forms that ids have."""

CALLER = {headers.CLIENT: "contract", headers.SUBJECT: "nobody-is-linked-to-this"}


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    body: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.body["operationId"])

    @property
    def access(self) -> str:
        return str(self.body[KEY]["access"])

    @property
    def scopes(self) -> list[str]:
        return [s for need in self.body["security"] for s in need.get(SECURITY_SCHEME, [])]

    @property
    def parameters(self) -> list[dict[str, Any]]:
        return list(self.body.get("parameters", []))

    @property
    def takes_a_path_parameter(self) -> bool:
        return "{" in self.path

    def ids_of_nothing(self) -> dict[str, str]:
        """Path parameters of the form that the operation asks for, which name nothing."""
        return {p["name"]: _nothing(p["schema"]) for p in self.parameters if p["in"] == "path"}

    def query(self) -> dict[str, Any] | None:
        """Values for the required query parameters; None where we have none."""
        names = [p["name"] for p in self.parameters if p["in"] == "query" and p.get("required")]
        return {n: EXAMPLES[n] for n in names} if set(names) <= set(EXAMPLES) else None


def _nothing(schema: dict[str, Any]) -> str:
    pattern = schema.get("pattern", "")
    found = next((name for name in NOBODY if re.search(pattern, name)), None)
    assert found, f"add an id that matches {pattern} and names nothing"
    return found


async def document(run: Running) -> dict[str, Any]:
    answer = await run.api.get(f"/{run.connector.domain}/v1/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def operations(run: Running) -> list[Operation]:
    paths = (await document(run))["paths"]
    return [
        Operation(method, path, item[method])
        for path, item in paths.items()
        for method in METHODS
        if method in item
    ]


async def lists(run: Running) -> dict[str, Any]:
    """What every list that anybody with a scope may read answers, by path."""
    found: dict[str, Any] = {}
    for operation in await readable_lists(run):
        answer = await run.api.get(operation.path, params=operation.query() or {}, headers=CALLER)
        assert answer.status_code == 200, f"{operation.path}: {answer.text}"
        found[operation.path] = answer.json()
    return found


async def readable_lists(run: Running) -> list[Operation]:
    return list(_lists(await operations(run)))


def _lists(found: list[Operation]) -> Iterator[Operation]:
    for operation in found:
        is_list = operation.method == "get" and operation.id.startswith("list")
        if operation.id == "listFeeds" or operation.access == "personal":
            continue
        if is_list and not operation.takes_a_path_parameter and operation.query() is not None:
            yield operation

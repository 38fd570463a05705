"""What can be measured of a data set and of its API, without being told: nothing is promised here.

The document is what the platform fetches and judges every half minute. How old the data themselves
are is for the API to say in its answers; what it declares is called declared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.control.catalogue.attached import Attached
from gateway.control.policy.compiler import METHODS, CompiledApi
from gateway.control.state import Control


@dataclass(frozen=True, slots=True)
class Quality:
    """Attributes:
    document: ``attached``, ``unreachable``, ``refused``, ``waiting``; ``own`` for the platform's.
    since: when the document in force was fetched first, in seconds since the epoch; 0 if unknown.
    findings: why a newer document is not in force; the number of them.
    operations: how many operations serve it.
    described: how many of those say what their answer looks like.
    """

    document: str
    since: int
    findings: int
    operations: int
    described: int


def of_dataset(control: Control, api_name: str, dataset: str) -> Quality:
    return _measure(control, api_name, dataset)


def of_api(control: Control, api_name: str) -> Quality:
    return _measure(control, api_name, "")


def _measure(control: Control, api_name: str, dataset: str) -> Quality:
    current = control.publisher.current
    api = next(one for one in current.apis if one.territory.name == api_name)
    held = next((one for one in current.attached if one.name == api_name), None)
    found = [one for one in _operations(api) if not dataset or _dataset_of(one) == dataset]
    state, since, findings = _document(held)
    return Quality(state, since, findings, len(found), sum(map(_is_described, found)))


def _document(held: Attached | None) -> tuple[str, int, int]:
    if held is None:
        return "own", 0, 0
    return held.state, held.fetched, len(held.findings)


def _operations(api: CompiledApi) -> Iterator[dict[str, Any]]:
    for item in api.document["paths"].values():
        for method, operation in item.items():
            if method in METHODS and isinstance(operation, dict):
                yield operation


def _dataset_of(operation: dict[str, Any]) -> str:
    said = operation.get("x-city")
    return str(said.get("dataset", "")) if isinstance(said, dict) else ""


def _is_described(operation: dict[str, Any]) -> bool:
    """Whether an answer of success has a schema, or no content."""
    answers = operation.get("responses")
    if not isinstance(answers, dict):
        return False
    good = [one for status, one in answers.items() if str(status).startswith("2")]
    return any(_has_schema(one) or "204" in answers for one in good)


def _has_schema(answer: Any) -> bool:
    content = answer.get("content") if isinstance(answer, dict) else None
    if not isinstance(content, dict):
        return False
    return any(isinstance(one, dict) and one.get("schema") for one in content.values())

"""One operation of a document → one route of the policy, or what is wrong with it."""

from __future__ import annotations

import re
from typing import Final

from pydantic import ValidationError

from gateway.control.policy import paths
from gateway.control.policy.cache import check_cache
from gateway.control.policy.datasets import OF_PERSONS
from gateway.control.policy.deprecation import deprecation_of
from gateway.control.policy.document import Json
from gateway.control.policy.emergency import check_emergency
from gateway.control.policy.findings import Findings, pointer
from gateway.control.policy.security import Setting, required_scopes
from schemas.policy import Route
from schemas.xcity import KEY, OperationInfo

LARGEST_FOREIGN_BODY: Final = 64 * 1024 * 1024
_OPERATION_ID = re.compile(r"[A-Za-z0-9_.-]{1,160}")


def compile_operation(
    setting: Setting,
    method: str,
    path: str,
    segments: list[str],
    operation: Json,
    where: tuple[object, ...],
    findings: Findings,
) -> Route | None:
    """The route, or ``None`` with findings.

    Args:
        path: the public template, for the route; ``segments`` are its parts.
        where: JSON Pointer parts of the operation.
    """
    before = len(findings)
    info = _info(operation, where, findings)
    alternatives = required_scopes(setting, operation, info, where, findings)
    operation_id = _operation_id(operation, method, path, where, findings)
    _check_personal(setting, segments, info, where, findings)
    _check_limits(setting, info, where, findings)
    check_cache(method, info, where, findings)
    check_emergency(setting, method, info, where, findings)
    deprecation = deprecation_of(operation, info, where, findings)
    if info.upgrade and method.upper() != "GET":
        findings.add(pointer(*where, KEY, "upgrade"), "Only a GET switches to another protocol.")
    if len(findings) > before:
        return None
    route = Route(
        id=f"{setting.territory.name}.{operation_id}",
        method=method,
        path=path,
        upstream=setting.territory.name,
        strip=setting.territory.mount,
        access=info.access,
        scopes=alternatives,
        subject=info.subject,
        dataset=info.dataset,
        priority=info.priority,
        max_body_bytes=info.max_body_bytes,
        stream=info.stream,
    )
    if not setting.territory.internal:
        route["confined"] = True
    if info.cache is not None:
        route["cache"] = {}
    if info.emergency != "none":
        route["emergency"] = info.emergency
    if info.rate:
        route["rate"] = {"requests": info.rate.requests, "seconds": info.rate.seconds}
    if info.quota:
        route["quota"] = info.quota
    if info.upgrade:
        route["upgrade"] = info.upgrade
    if info.authenticator:
        route["authenticator"] = info.authenticator
    if info.proofing:
        route["proofing"] = info.proofing
    if deprecation is not None:
        route["deprecation"] = deprecation
    return route


def _info(operation: Json, where: tuple[object, ...], findings: Findings) -> OperationInfo:
    raw = operation.get(KEY)
    if raw is None:
        return OperationInfo()
    try:
        return OperationInfo.model_validate(raw)
    except ValidationError as error:
        for item in error.errors()[:10]:
            findings.add(pointer(*where, KEY, *item["loc"]), item["msg"])
    # so that what is wrong with the scopes is found in the same go
    access = raw.get("access") if isinstance(raw, dict) else ""
    return OperationInfo(access="open" if access == "open" else "scoped")


def _operation_id(
    operation: Json, method: str, path: str, where: tuple[object, ...], findings: Findings
) -> str:
    given = operation.get("operationId")
    if given is None:
        derived = re.sub(r"[^A-Za-z0-9]+", "_", f"{method.lower()} {path}").strip("_")
        return derived[:160]
    if not isinstance(given, str) or not _OPERATION_ID.fullmatch(given):
        findings.add(
            pointer(*where, "operationId"),
            "It stands in metrics and logs, and this one cannot.",
            "Use 1 to 160 of A-Z, a-z, 0-9, _ . and -.",
        )
        return ""
    return given


def _check_personal(
    setting: Setting,
    segments: list[str],
    info: OperationInfo,
    where: tuple[object, ...],
    findings: Findings,
) -> None:
    place = pointer(*where, KEY)
    dataset = setting.datasets.get(info.dataset)
    if info.dataset and dataset is None:
        findings.add(
            f"{place}/dataset",
            f"Data set {info.dataset!r} is not described.",
            "Describe it in x-city.datasets at the root of the document.",
        )
    if info.access == "personal":
        if not info.dataset:
            findings.add(place, "A personal operation names no data set.", "Add x-city.dataset.")
        elif dataset and dataset.legal_class not in OF_PERSONS:
            findings.add(
                f"{place}/dataset",
                f"A personal operation serves {info.dataset!r}, whose legal class is "
                f"{dataset.legal_class}.",
                f"Give the data set its legalClass: {' or '.join(OF_PERSONS)}.",
            )
        if info.subject and info.subject not in paths.parameters(segments):
            findings.add(f"{place}/subject", f"The path has no {{{info.subject}}}.")
    elif info.subject:
        findings.add(f"{place}/subject", "A subject is bound on personal operations only.")


def _check_limits(
    setting: Setting, info: OperationInfo, where: tuple[object, ...], findings: Findings
) -> None:
    if setting.territory.internal:
        return
    if info.max_body_bytes > LARGEST_FOREIGN_BODY:
        findings.add(
            pointer(*where, KEY, "maxBodyBytes"),
            f"An attached API takes bodies of {LARGEST_FOREIGN_BODY} bytes at most.",
        )
    if info.priority == "life-safety":
        findings.add(
            pointer(*where, KEY, "priority"),
            "life-safety is given by the city, not claimed.",
            "Use essential or normal.",
        )

"""One operation of a document → one route of the policy, or what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from gateway.control.policy import paths
from gateway.control.policy.document import Json, resolve
from gateway.control.policy.findings import Findings, pointer
from gateway.control.policy.territory import Territory
from schemas import scopes
from schemas.policy import Route
from schemas.xcity import KEY, Dataset, LegalClass, OperationInfo

MOST_SCOPES: Final = 20
LARGEST_FOREIGN_BODY: Final = 64 * 1024 * 1024
_OPERATION_ID = re.compile(r"[A-Za-z0-9_.-]{1,160}")

_HOW_TO_OPEN = "For an open operation write security: [] and x-city: {access: open}."
_HOW_TO_SCOPE = "Name the scope: security: [{<oauth2 scheme>: [<area>:<action>]}]."


@dataclass(frozen=True, slots=True)
class Setting:
    """What an operation is judged against."""

    document: Json
    territory: Territory
    datasets: Mapping[str, Dataset]
    schemes: frozenset[str]
    """Names of the document's OAuth 2 security schemes."""


def oauth_schemes(document: Json) -> frozenset[str]:
    components = document.get("components")
    declared = components.get("securitySchemes") if isinstance(components, dict) else None
    items = declared.items() if isinstance(declared, dict) else ()
    kinds = {"oauth2", "openIdConnect"}
    return frozenset(name for name, one in items if resolve(document, one).get("type") in kinds)


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
    alternatives = _scopes(setting, operation, info, where, findings)
    operation_id = _operation_id(operation, method, path, where, findings)
    _check_personal(setting, segments, info, where, findings)
    _check_limits(setting, info, where, findings)
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
    if info.rate:
        route["rate"] = {"requests": info.rate.requests, "seconds": info.rate.seconds}
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


def _scopes(
    setting: Setting,
    operation: Json,
    info: OperationInfo,
    where: tuple[object, ...],
    findings: Findings,
) -> list[list[str]]:
    own = "security" in operation
    security = operation.get("security", setting.document.get("security"))
    place = pointer(*where, "security")
    if security is None:
        findings.add(place, "The operation does not say who may call it.", _how_to_say(info))
        return []
    if not isinstance(security, list):
        findings.add(place, "security is not an array.", _HOW_TO_SCOPE)
        return []
    if info.access == "open":
        if security or not own:
            findings.add(place, "x-city says open, but security asks for a token.", _HOW_TO_OPEN)
        return []
    if not security:
        findings.add(place, "security: [] needs no token, but x-city is not open.", _HOW_TO_OPEN)
        return []
    alternatives = [
        _alternative(setting, requirement, (*where, "security", number), findings)
        for number, requirement in enumerate(security)
    ]
    return sorted(alternatives)


def _how_to_say(info: OperationInfo) -> str:
    return _HOW_TO_OPEN if info.access == "open" else f"{_HOW_TO_SCOPE} {_HOW_TO_OPEN}"


def _alternative(
    setting: Setting, requirement: Any, where: tuple[object, ...], findings: Findings
) -> list[str]:
    place = pointer(*where)
    if not isinstance(requirement, dict) or len(requirement) != 1:
        findings.add(
            place,
            "Every alternative needs exactly one security scheme; {} (no token) is none.",
            "For an operation with and without a token make two operations.",
        )
        return []
    ((scheme, named),) = requirement.items()
    if scheme not in setting.schemes:
        findings.add(
            place,
            f"{scheme!r} is not declared as an oauth2 security scheme.",
            "The gateway checks tokens: declare type oauth2 under components.securitySchemes.",
        )
    if not isinstance(named, list) or not 0 < len(named) <= MOST_SCOPES:
        findings.add(
            place, f"{scheme!r} names no scope, or more than {MOST_SCOPES}.", _HOW_TO_SCOPE
        )
        return []
    for scope in named:
        _check_scope(setting.territory, scope, place, findings)
    return sorted({str(scope) for scope in named})


def _check_scope(territory: Territory, scope: Any, place: str, findings: Findings) -> None:
    if not isinstance(scope, str) or not scopes.is_valid(scope):
        findings.add(place, f"{scope!r} is no scope.", f"Write it like {territory.areas[0]}:read.")
    elif not territory.holds_scope(scope):
        findings.add(
            place,
            f"Scope {scope!r} belongs to another API.",
            f"Name scopes of your own: {territory.areas[0]}:{scope.partition(':')[2]}.",
        )


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
        elif dataset and dataset.legal_class is LegalClass.OPEN:
            findings.add(
                f"{place}/dataset",
                f"A personal operation serves {info.dataset!r}, whose legal class is open.",
                "Give the data set its legalClass.",
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

"""Who may call an operation: its ``security`` and ``x-city.access``, read together.

OpenAPI says which scopes, ``x-city`` says whether none is meant. An operation is open only when
both say so, in so many words; everything else that is unclear is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.control.policy.document import Json, resolve
from gateway.control.policy.findings import Findings, pointer
from gateway.control.policy.territory import Territory
from schemas import scopes
from schemas.xcity import Dataset, OperationInfo

MOST_SCOPES: Final = 20

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
    kinds = ("oauth2", "openIdConnect")
    return frozenset(name for name, one in items if resolve(document, one).get("type") in kinds)


def required_scopes(
    setting: Setting,
    operation: Json,
    info: OperationInfo,
    where: tuple[object, ...],
    findings: Findings,
) -> list[list[str]]:
    """Alternatives, each a set of scopes to be held whole; none for an open operation."""
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

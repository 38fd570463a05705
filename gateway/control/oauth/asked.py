"""What a scope means to a resident: the data sets behind it, in their language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.control.policy.compiler import CompiledApi
from schemas.scopes import DESCRIPTIONS
from schemas.xcity import Dataset, LegalClass


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of the consent page.

    Attributes:
        action: key of the text that says what would be done.
    """

    scope: str
    title: str
    action: str
    personal: bool


def describe(apis: Iterable[CompiledApi], scopes: Iterable[str], language: str) -> list[Asked]:
    """A line for each scope, personal data first."""
    known = list(apis)
    lines = [_describe(known, scope, language) for scope in scopes]
    return sorted(lines, key=lambda one: (not one.personal, one.scope))


def _describe(apis: list[CompiledApi], scope: str, language: str) -> Asked:
    datasets = _datasets(apis, scope)
    titles = [one.title_ja if language == "ja" else one.title for one in datasets]
    action = scope.partition(":")[2]
    return (
        Asked(
            scope=scope,
            title="、".join(titles) if language == "ja" else ", ".join(titles),
            action=action if action in {"read", "write"} else "act",
            personal=any(one.legal_class is not LegalClass.OPEN for one in datasets),
        )
        if titles
        else Asked(scope, DESCRIPTIONS.get(scope, scope), "act", personal=False)
    )


def _datasets(apis: list[CompiledApi], scope: str) -> list[Dataset]:
    named = {
        route["dataset"]
        for api in apis
        for route in api.routes
        if any(scope in some for some in route["scopes"])
    }
    return [one for api in apis for one in api.info.datasets if one.id in named]

"""What a scope means to a resident: the data sets behind it, in their language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.control.pages.texts import TEXTS
from gateway.control.policy.compiler import CompiledApi
from schemas.scopes import DESCRIPTIONS, IDENTITY
from schemas.xcity import LegalClass

_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_SEPARATORS = {"ja": "、", "en": ", "}


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of the consent page.

    Attributes:
        action: key of the text that says what would be done.
        by_consent: it opens a resident's own data only, which is asked for item by item.
    """

    scope: str
    title: str
    action: str
    personal: bool
    by_consent: bool


def describe(apis: Iterable[CompiledApi], scopes: Iterable[str], language: str) -> list[Asked]:
    """A line for each scope, personal data first."""
    known = list(apis)
    lines = [_describe(known, scope, language) for scope in scopes]
    return sorted(lines, key=lambda one: (not one.personal, one.scope))


def _describe(apis: list[CompiledApi], scope: str, language: str) -> Asked:
    routes = [
        route
        for api in apis
        for route in api.routes
        if any(scope in some for some in route["scopes"])
    ]
    named = {route["dataset"] for route in routes}
    datasets = [one for api in apis for one in api.info.datasets if one.id in named]
    titles = [one.called(language) for one in datasets]
    reads = all(route["method"] in _SAFE for route in routes)
    return Asked(
        scope=scope,
        title=_SEPARATORS[language].join(titles) or _named(scope, language),
        action="act" if not routes else "read" if reads else "write",
        personal=any(one.legal_class is not LegalClass.OPEN for one in datasets),
        by_consent=bool(routes) and all(route["access"] == "personal" for route in routes),
    )


def _named(scope: str, language: str) -> str:
    if scope in IDENTITY:
        return TEXTS[language][f"scope_{scope}"]
    return DESCRIPTIONS.get(scope, scope)

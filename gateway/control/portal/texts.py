"""What the portal says, in both languages: one part for each kind of page."""

from __future__ import annotations

from typing import Final

from gateway.control.pages.texts_wide import WIDE_TEXTS
from gateway.control.portal.texts_apps import APPS_TEXTS
from gateway.control.portal.texts_catalogue import CATALOGUE_TEXTS
from gateway.control.portal.texts_changes import CHANGES_TEXTS
from gateway.control.portal.texts_home import HOME_TEXTS
from gateway.control.portal.texts_reference import REFERENCE_TEXTS
from gateway.control.portal.texts_sandbox import SANDBOX_PAGE_TEXTS

_PARTS: Final = (
    WIDE_TEXTS,
    HOME_TEXTS,
    CATALOGUE_TEXTS,
    REFERENCE_TEXTS,
    CHANGES_TEXTS,
    APPS_TEXTS,
    SANDBOX_PAGE_TEXTS,
)

PORTAL_TEXTS: Final[dict[str, dict[str, str]]] = {
    language: {key: text for part in _PARTS for key, text in part[language].items()}
    for language in ("ja", "en")
}

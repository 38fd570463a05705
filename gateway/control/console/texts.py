"""What the console says, in both languages: one part for each kind of page."""

from __future__ import annotations

from typing import Final

from gateway.control.console.texts_apis import APIS_TEXTS
from gateway.control.console.texts_audit import AUDIT_TEXTS
from gateway.control.console.texts_clients import CLIENTS_TEXTS
from gateway.control.console.texts_common import COMMON_TEXTS
from gateway.control.console.texts_emergency import EMERGENCY_TEXTS
from gateway.control.console.texts_home import HOME_TEXTS
from gateway.control.console.texts_letters import LETTERS_TEXTS
from gateway.control.console.texts_live import LIVE_TEXTS
from gateway.control.console.texts_map import MAP_TEXTS
from gateway.control.console.texts_people import PEOPLE_TEXTS
from gateway.control.console.texts_running import RUNNING_TEXTS
from gateway.control.pages.texts_wide import WIDE_TEXTS

_PARTS: Final = (
    WIDE_TEXTS,
    HOME_TEXTS,
    LIVE_TEXTS,
    MAP_TEXTS,
    COMMON_TEXTS,
    CLIENTS_TEXTS,
    APIS_TEXTS,
    RUNNING_TEXTS,
    PEOPLE_TEXTS,
    EMERGENCY_TEXTS,
    LETTERS_TEXTS,
    AUDIT_TEXTS,
)

CONSOLE_TEXTS: Final[dict[str, dict[str, str]]] = {
    language: {key: text for part in _PARTS for key, text in part[language].items()}
    for language in ("ja", "en")
}

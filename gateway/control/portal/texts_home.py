"""What the portal's first page and its navigation say."""

from __future__ import annotations

from typing import Final

HOME_TEXTS: Final[dict[str, dict[str, str]]] = {
    "ja": {
        "portal": "開発者ポータル",
        "nav_overview": "概要",
        "home_lead": "この都市のデータと API です。",
    },
    "en": {
        "portal": "Developer portal",
        "nav_overview": "Overview",
        "home_lead": "The data and the APIs of this city.",
    },
}

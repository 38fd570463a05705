"""What the console's first page and its navigation say."""

from __future__ import annotations

from typing import Final

HOME_TEXTS: Final[dict[str, dict[str, str]]] = {
    "ja": {
        "console": "運用コンソール",
        "nav_overview": "概要",
        "home_lead": "都市の今の状態と、できる操作です。",
        "your_roles": "あなたの役割",
        "role_operator": "運用者",
        "role_auditor": "監査人",
        "role_data-holder": "データ保有者",
        "role_developer": "開発者",
    },
    "en": {
        "console": "Operators' console",
        "nav_overview": "Overview",
        "home_lead": "The city as it is now, and what you can do.",
        "your_roles": "Your roles",
        "role_operator": "operator",
        "role_auditor": "auditor",
        "role_data-holder": "data holder",
        "role_developer": "developer",
    },
}

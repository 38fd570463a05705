"""What the pages of status and changes say, in both languages."""

from __future__ import annotations

from typing import Final

CHANGES_TEXTS: Final[dict[str, dict[str, str]]] = {
    "ja": {
        "status_lead": "基盤が各 API の文書を 30 秒ごとに取得して見ている様子です。",
        "state": "状態",
        "since": "いつから",
        "seen": "見えていること",
        "health_good": "正常",
        "health_unreachable": "応答がありません",
        "health_refused": "新しい文書を採用していません",
        "health_waiting": "最初の文書を待っています",
        "no_emergency": "緊急モードではありません。",
        "changes_lead": "API の版と操作の変更です。予告されている終了は、先に書いています。",
        "coming": "終わる予定の操作",
        "nothing_coming": "終わる予定の操作はありません。",
        "no_date": "日付は未定",
        "until_date": "{date} まで",
        "instead": "代わりに使うもの",
        "changed": "変わったこと",
        "nothing_changed": "まだ何も変わっていません。",
        "change_attached": "つながりました",
        "change_changed": "変わりました",
        "change_detached": "外されました",
        "change_version": "版",
        "change_added": "加わった操作",
        "change_removed": "なくなった操作",
        "change_altered": "変わった操作",
    },
    "en": {
        "status_lead": "What the platform sees as it fetches every API's document, each half "
        "minute.",
        "state": "State",
        "since": "Since",
        "seen": "What is seen",
        "health_good": "fine",
        "health_unreachable": "does not answer",
        "health_refused": "its newest document is refused",
        "health_waiting": "its first document is awaited",
        "no_emergency": "There is no emergency.",
        "changes_lead": "Versions and operations of the APIs that changed; what is announced to "
        "end comes first.",
        "coming": "Operations that will end",
        "nothing_coming": "No operation is announced to end.",
        "no_date": "no date yet",
        "until_date": "until {date}",
        "instead": "what to use instead",
        "changed": "What changed",
        "nothing_changed": "Nothing has changed yet.",
        "change_attached": "was attached",
        "change_changed": "changed",
        "change_detached": "was detached",
        "change_version": "version",
        "change_added": "new operations",
        "change_removed": "operations gone",
        "change_altered": "operations changed",
    },
}

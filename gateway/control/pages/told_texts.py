"""What the resident's own page says of notices to apps, and of disclosures in emergencies."""

from __future__ import annotations

from typing import Final

TOLD_TEXTS: Final[dict[str, dict[str, str]]] = {
    "ja": {
        "told": "アプリへのお知らせ",
        "told_help": "同意が終わったことを、署名つきでアプリに知らせます。",
        "told_ended": "{at} に終わりました。",
        "told_known": "アプリは {at} に「受け取った」と答えました。",
        "told_sent": "{at} に知らせましたが、アプリはまだ答えていません。また知らせます。",
        "told_soon": "まもなく知らせます。",
        "disclosed": "緊急時の提供",
        "disclosed_help": "災害などで、いのちや体を守るために、同意なしに見られたデータです"
        "（個人情報保護法 第27条第1項第2号）。",
        "disclosed_when": "{at} から {until} まで、{by}",
        "disclosed_why": "理由：{reason}",
    },
    "en": {
        "told": "What apps were told",
        "told_help": "When something that you allowed ends, we tell the app so, signed.",
        "told_ended": "It ended at {at}.",
        "told_known": "The app said at {at} that it knows.",
        "told_sent": "We told the app at {at}; it has not answered yet. We will tell it again.",
        "told_soon": "We will tell the app in a moment.",
        "disclosed": "Disclosed in an emergency",
        "disclosed_help": "Your data that was read without your consent, to protect life in an "
        "emergency (APPI Art. 27 (1) ii).",
        "disclosed_when": "From {at} until {until}, by {by}",
        "disclosed_why": "Reason: {reason}",
    },
    "easy": {
        "told": "アプリへの おしらせ",
        "told_help": "「もう データを つかわない」と アプリに しらせます。",
        "told_ended": "{at} に おわりました。",
        "told_known": "アプリは {at} に 「わかりました」と こたえました。",
        "told_sent": "{at} に しらせました。アプリは まだ こたえていません。また しらせます。",
        "told_soon": "すぐに しらせます。",
        "disclosed": "いそぎの ときに 見た データ",
        "disclosed_help": "災害の とき いのちを まもるために、"
        "あなたに きかないで 見た データです。",
        "disclosed_when": "{at} から {until} まで　見た人：{by}",
        "disclosed_why": "わけ：{reason}",
    },
}

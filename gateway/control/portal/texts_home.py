"""What the portal's first page and its navigation say."""

from __future__ import annotations

from typing import Final

HOME_TEXTS: Final[dict[str, dict[str, str]]] = {
    "ja": {
        "portal": "開発者ポータル",
        "nav_overview": "概要",
        "nav_catalogue": "カタログ",
        "nav_reference": "API リファレンス",
        "nav_status": "稼働状況",
        "nav_changelog": "変更履歴",
        "home_title": "都市のデータで、つくる。",
        "home_lead": "交通、防災、医療、行政。一つの入口から、標準の形で使えます。"
        "個人のデータは、本人が同意したものだけです。",
        "stat_datasets": "データセット",
        "stat_open": "うちオープン",
        "stat_personal": "うち個人情報",
        "stat_apis": "API",
        "stat_operations": "操作",
        "first_call": "最初の呼び出し",
        "first_call_help": "オープンデータです。登録もトークンも要りません。"
        "このまま端末に貼り付けてください。",
        "first_call_none": "だれでも呼べるデータは、まだつながっていません。"
        "カタログの一覧は呼べます。",
        "next_steps": "次に",
        "next_catalogue": "データを探す",
        "next_catalogue_help": "分野、ライセンス、個人情報の区分から探せます。",
        "next_reference": "API を読んで、試す",
        "next_reference_help": "引数、権限、答えの形。ページの上でそのまま呼び出せます。",
        "next_status": "稼働状況を見る",
        "next_status_help": "どの API が答えているか、いつからか。",
        "by_domain": "分野から",
        "domain_datasets": "データセット {count} 件",
        "all_good": "すべての API が正常です",
        "some_bad": "{count} 件の API に問題があります",
        "emergency_now": "緊急モードが {until} まで有効です（レベル: {level}）。",
    },
    "en": {
        "portal": "Developer portal",
        "nav_overview": "Overview",
        "nav_catalogue": "Catalogue",
        "nav_reference": "API reference",
        "nav_status": "Status",
        "nav_changelog": "Changes",
        "home_title": "Build with the city's data.",
        "home_lead": "Travel, disaster prevention, health, administration: one door, in the "
        "standards that you know. What is about a person is there when that person says yes.",
        "stat_datasets": "Data sets",
        "stat_open": "of them open",
        "stat_personal": "of them personal",
        "stat_apis": "APIs",
        "stat_operations": "Operations",
        "first_call": "Your first call",
        "first_call_help": "Open data: no registration and no token. Paste it into a terminal as "
        "it stands.",
        "first_call_none": "No data that anybody may call is attached yet; the list of the "
        "catalogue is there.",
        "next_steps": "And then",
        "next_catalogue": "Find data",
        "next_catalogue_help": "By domain, licence and legal class.",
        "next_reference": "Read an API, and try it",
        "next_reference_help": "Parameters, scopes, answers; call it from the page.",
        "next_status": "See what is up",
        "next_status_help": "Which APIs answer, and since when.",
        "by_domain": "By domain",
        "domain_datasets": "{count} data sets",
        "all_good": "All APIs are fine",
        "some_bad": "{count} APIs have a problem",
        "emergency_now": "Emergency mode is on until {until} (level: {level}).",
    },
}

"""Findings in words: what is the matter, and what to do about it. Japanese and English."""

from __future__ import annotations

from collections.abc import Mapping
from math import isinf
from typing import Final, Literal

from gateway.control.live.rule import Finding, Unit

Language = Literal["ja", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("ja", "en")

Words = Mapping[str, tuple[str, str]]
"""Rule → what is the matter (``{subject}``, ``{value}``), and what to do."""

_EN: Final[Words] = {
    "process-silent": (
        "{subject} has not answered for {value}",
        "Look whether the process runs; its log says why it ended.",
    ),
    "process-slow": (
        "{subject} took {value} for its own figures",
        "Give it more CPU, or more of it.",
    ),
    "errors": (
        "{subject}: {value} of its answers are errors",
        "Look at the log of that API first.",
    ),
    "latency": ("{subject}: one answer in twenty takes {value} or more", "See what it waits for."),
    "saturation": ("{subject}: {value} of its room is taken", "Start more processes of it."),
    "circuit-open": (
        "{subject} is not asked any more by {value} gateway workers",
        "It failed again and again: start it anew, or find what it depends on.",
    ),
    "addresses-out": (
        "{subject}: {value} times an address is passed over",
        "Look at that process.",
    ),
    "document": (
        "{subject}: its API document cannot be had, or is refused",
        "The findings are with the API; the last good document is in force.",
    ),
    "shedding": ("{value} {subject} requests are turned away", "More processes, if it lasts."),
    "shedding-essential": (
        "{value} {subject} requests are turned away",
        "Declare an emergency if there is one, and add processes now.",
    ),
    "loop-lag": ("A gateway worker is late by {value}", "Give the gateway more CPU or workers."),
    "policy-age": (
        "A gateway runs on a policy of {value} ago",
        "See whether the gateway reaches the control plane.",
    ),
    "trail-behind": (
        "Accesses to personal data have waited {value} for the audit log",
        "See whether the gateway's journals reach the control plane.",
    ),
    "trail-broken": (
        "{value} gateway workers cannot write their journal, and refuse personal data",
        "See whether the disk is full.",
    ),
    "certificate": ("The gateway's certificate ends in {value}", "Renew it."),
    "log-away": (
        "The event log takes nothing",
        "See whether Kafka runs. Nothing is lost meanwhile.",
    ),
    "outbox-age": ("Events have waited {value} for the log", "See whether Kafka keeps up."),
    "group-lag": ("{subject} is {value} events behind", "Ask the client's owner."),
    "subscribers-behind": (
        "Subscribers are behind by {value} changes",
        "Look at the broker's load.",
    ),
    "deliveries-behind": (
        "A webhook has waited {value} for its receiver",
        "Tell the receiver's owner.",
    ),
    "dead-letters": (
        "{value} events were given up in the last hour",
        "Find out why, then replay them.",
    ),
    "consents-unheard": (
        "The broker has not heard for {value} which consents ended",
        "See whether it reaches the control plane; personal data waits.",
    ),
    "feed-failing": ("{subject} has not been read well for {value}", "Tell the data holder."),
    "feed-stale": (
        "{subject} was not looked at for {value} times its interval",
        "Look at its connector.",
    ),
    "feed-rests": ("{subject}: its source is left alone for a while", "Five failures in a row."),
    "unsaid": ("{subject} has waited {value} to be heard by the broker", "Look at the broker."),
    "evacuation-deaf": (
        "The evacuation service does not hear alerts",
        "See whether the broker answers.",
    ),
    "notices-behind": (
        "A client has not been told for {value} that a consent ended",
        "Tell its owner; the address may be wrong.",
    ),
    "quota": ("{subject} has used {value} of the day's requests", "Its owner may want more."),
    "emergency": ("An emergency is in force", "It ends by itself, or when you end it."),
    "emergency-partly": (
        "{value} gateway workers do not know of the emergency",
        "See their policy.",
    ),
}
_JA: Final[Words] = {
    "process-silent": (
        "{subject}から{value}応答がありません",
        "プロセスが動いているか確かめてください。終わった理由はログにあります。",
    ),
    "process-slow": (
        "{subject}は自分の数値を返すのに{value}かかりました",
        "CPUを増やすか、プロセスを増やしてください。",
    ),
    "errors": ("{subject}：応答の{value}がエラーです", "まずそのAPIのログを見てください。"),
    "latency": (
        "{subject}：20回に1回は{value}以上かかります",
        "何を待っているのか確かめてください。",
    ),
    "saturation": (
        "{subject}：同時に処理できる数の{value}を使っています",
        "プロセスを増やしてください。",
    ),
    "circuit-open": (
        "{subject}への呼び出しをゲートウェイのワーカー{value}が止めています",
        "失敗が続きました。再起動するか、その先の原因を調べてください。",
    ),
    "addresses-out": (
        "{subject}：外されている宛先がのべ{value}あります",
        "そのプロセスを見てください。",
    ),
    "document": (
        "{subject}：API文書を取得できないか、使えません",
        "理由はAPIの画面にあります。最後の正しい文書が有効なままです。",
    ),
    "shedding": (
        "優先度{subject}の要求を{value}断っています",
        "続くようならプロセスを増やしてください。",
    ),
    "shedding-essential": (
        "優先度{subject}の要求を{value}断っています",
        "災害なら緊急モードを宣言し、すぐにプロセスを増やしてください。",
    ),
    "loop-lag": (
        "ゲートウェイのワーカーが{value}遅れています",
        "ゲートウェイのCPUかワーカーを増やしてください。",
    ),
    "policy-age": (
        "ゲートウェイが{value}前のポリシーで動いています",
        "ゲートウェイからコントロールプレーンに届くか確かめてください。",
    ),
    "trail-behind": (
        "個人データの利用記録が{value}監査ログを待っています",
        "ゲートウェイの記録がコントロールプレーンに届くか確かめてください。",
    ),
    "trail-broken": (
        "ゲートウェイのワーカー{value}が利用記録を書けず、個人データを断っています",
        "ディスクがいっぱいでないか確かめてください。",
    ),
    "certificate": ("ゲートウェイの証明書はあと{value}で切れます", "更新してください。"),
    "log-away": (
        "イベントログが書き込みを受け付けません",
        "Kafkaが動いているか確かめてください。その間も失われるものはありません。",
    ),
    "outbox-age": (
        "イベントが{value}ログを待っています",
        "Kafkaが追いついているか確かめてください。",
    ),
    "group-lag": ("{subject}が{value}件遅れています", "クライアントの担当者に聞いてください。"),
    "subscribers-behind": (
        "購読者への通知が{value}件遅れています",
        "ブローカーの負荷を見てください。",
    ),
    "deliveries-behind": (
        "Webhookが{value}受け手を待っています",
        "受け手の担当者に知らせてください。",
    ),
    "dead-letters": (
        "この1時間に{value}件のイベントを届けられませんでした",
        "原因を調べてから、送り直してください。",
    ),
    "consents-unheard": (
        "ブローカーが{value}同意の終わりを聞いていません",
        "コントロールプレーンに届くか確かめてください。個人データは待たされます。",
    ),
    "feed-failing": (
        "{subject}を{value}正しく読めていません",
        "データの持ち主に知らせてください。",
    ),
    "feed-stale": ("{subject}を周期の{value}倍の間見ていません", "コネクタを見てください。"),
    "feed-rests": ("{subject}：提供元への問い合わせを休んでいます", "5回続けて失敗しました。"),
    "unsaid": ("{subject}の知らせが{value}ブローカーを待っています", "ブローカーを見てください。"),
    "evacuation-deaf": (
        "避難サービスに警報が届いていません",
        "ブローカーが応答するか確かめてください。",
    ),
    "notices-behind": (
        "同意の終わりを{value}伝えられていないクライアントがあります",
        "担当者に知らせてください。宛先が違うのかもしれません。",
    ),
    "quota": (
        "{subject}は今日の上限の{value}を使いました",
        "上限を増やす必要があるかもしれません。",
    ),
    "emergency": ("緊急モードが有効です", "期限が来れば終わります。手で終わらせることもできます。"),
    "emergency-partly": (
        "ゲートウェイのワーカー{value}が緊急モードを知りません",
        "そのポリシーを見てください。",
    ),
}
WORDS: Final[Mapping[Language, Words]] = {"ja": _JA, "en": _EN}

_UNITS: Final = {
    "ja": {"s": "秒", "min": "分", "h": "時間", "d": "日", "ever": "ずっと", "/s": "毎秒{}件"},
    "en": {"s": " s", "min": " min", "h": " h", "d": " days", "ever": "ever", "/s": "{} a second"},
}


def said(finding: Finding, language: Language) -> str:
    """What is the matter."""
    value = shown(finding.value, finding.unit, language)
    return WORDS[language][finding.rule][0].format(subject=finding.subject, value=value)


def advice(finding: Finding, language: Language) -> str:
    return WORDS[language][finding.rule][1]


def shown(value: float, unit: Unit, language: Language) -> str:
    """A value with its unit, no more precise than anybody needs it."""
    if unit == "seconds":
        return duration(value, language)
    if unit == "days":
        return f"{value:.0f}{_UNITS[language]['d']}"
    if unit == "per-second":
        return _UNITS[language]["/s"].format(number(value))
    if unit == "ratio":
        return f"{value:.0%}" if value >= 0.095 else f"{value:.1%}"
    return number(value)


def number(value: float) -> str:
    if isinf(value):
        return "∞"
    if 0 < value < 0.05:
        return "<0.1"
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def duration(seconds: float, language: Language) -> str:
    units = _UNITS[language]
    if isinf(seconds):
        return units["ever"]
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{number(seconds)}{units['s']}"
    if seconds < 7_200:
        return f"{seconds / 60:.0f}{units['min']}"
    return f"{seconds / 3600:.0f}{units['h']}"

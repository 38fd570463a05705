"""What the page of uses says: Japanese, English, and plain Japanese (やさしい日本語)."""

from __future__ import annotations

from typing import Final

TRAIL_TEXTS: Final[dict[str, dict[str, str]]] = {
    "ja": {
        "uses": "データを見た相手",
        "uses_help": "あなたのデータを、だれが、いつ、何のために見たかの記録です。"
        "この記録は、だれにも書き換えられません。",
        "uses_none": "まだだれも見ていません。",
        "uses_of": "{client} が「{dataset}」を見ました。",
        "uses_refused": "{client} が「{dataset}」を求めましたが、渡していません。",
        "uses_emergency": "緊急時の開示: 命を守るため、同意なしで {client} に「{dataset}」を"
        "渡しました。",
        "uses_purpose": "目的: {purpose}",
        "uses_reason": "理由: {reason}",
        "uses_once": "{first} に1回",
        "uses_times": "{first} から {last} に {count} 回",
        "object": "これに異議を申し立てる",
        "object_reason": "理由（書かなくてもかまいません）",
        "objected": "異議を受け付けました。答えはこのページに出ます。",
        "objection_open": "異議を申し立てています。答えを待っています。",
        "objection_answer": "異議への答え: {answer}",
        "back": "わたしのデータへ戻る",
    },
    "en": {
        "uses": "Who looked at your data",
        "uses_help": "Who looked at data about you, when, and what for. "
        "Nobody can rewrite this record.",
        "uses_none": "Nobody has looked yet.",
        "uses_of": "{client} looked at “{dataset}”.",
        "uses_refused": "{client} asked for “{dataset}” and did not get it.",
        "uses_emergency": "Emergency disclosure: to protect life, {client} was given “{dataset}” "
        "without your consent.",
        "uses_purpose": "For: {purpose}",
        "uses_reason": "Reason: {reason}",
        "uses_once": "once, at {first}",
        "uses_times": "{count} times, from {first} to {last}",
        "object": "Object to this",
        "object_reason": "Reason (you need not give one)",
        "objected": "Your objection is noted. The answer will be on this page.",
        "objection_open": "You have objected. The answer is still to come.",
        "objection_answer": "Answer to your objection: {answer}",
        "back": "Back to my data",
    },
    "easy": {
        "uses": "あなたの データを 見た 人",
        "uses_help": "だれが、いつ、なんの ために あなたの データを 見たか わかります。"
        "この 記録は だれも かえることが できません。",
        "uses_none": "まだ だれも 見ていません。",
        "uses_of": "{client} が「{dataset}」を 見ました。",
        "uses_refused": "{client} は「{dataset}」を 見たいと 言いました。でも 見せていません。",
        "uses_emergency": "いのちを まもる ために、あなたに 聞かないで、{client} に"
        "「{dataset}」を 見せました。",
        "uses_purpose": "なんの ため: {purpose}",
        "uses_reason": "わけ: {reason}",
        "uses_once": "{first} に 1回",
        "uses_times": "{first} から {last} に {count}回",
        "object": "これは いやだと 言う",
        "object_reason": "わけ（書かなくても いいです）",
        "objected": "わかりました。こたえは この ページに 出ます。",
        "objection_open": "いやだと 言いました。こたえを 待っています。",
        "objection_answer": "こたえ: {answer}",
        "back": "わたしの データに もどる",
    },
}

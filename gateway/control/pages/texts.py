"""What the pages say, in every language; a test holds that none lacks a line."""

from __future__ import annotations

from typing import Final

from gateway.control.pages.consent_texts import CONSENT_TEXTS, EASY
from gateway.control.pages.sandbox_texts import SANDBOX_TEXTS
from gateway.control.pages.told_texts import TOLD_TEXTS
from gateway.control.pages.trail_texts import TRAIL_TEXTS

_TEXTS: Final[dict[str, dict[str, str]]] = {
    "ja": {
        "platform": "データ連携基盤",
        "language_name": "日本語",
        "languages": "ことば",
        "skip": "本文へ進む",
        "sign_in": "サインイン",
        "sign_in_for": "{client} を使うために、サインインしてください。",
        "username": "利用者名",
        "password": "パスワード",
        "wrong": "利用者名、パスワード、数字のどれかが違います。",
        "wait": "続けて間違えたため、{seconds} 秒待ってからもう一度お試しください。",
        "signed_in_as": "{name} さんとしてサインインしています。",
        "not_me": "別の人としてサインインする",
        "until": "同意は、長くて {date} までです。",
        "goes_to": "同意すると {host} に戻ります。",
        "no_shared_key": "{client} には、ほかのアプリと共通しない、あなたの番号が渡されます。",
        "allow": "同意する",
        "deny": "同意しない",
        "read": "見る",
        "write": "見る・登録する・変更する",
        "act": "利用する",
        "personal": "あなた個人のデータ",
        "error": "続けられません",
        "error_help": "アプリに戻って、もう一度お試しください。続くときは提供者へお知らせを。",
        "sign_in_here": "あなたのデータの使われ方を見るために、サインインしてください。",
        "sign_out": "サインアウト",
        "my_data": "わたしのデータ",
        "my_data_help": "あなたが同意したアプリと、そのアプリが見られるデータです。"
        "同意は、いつでも取り消せます。取り消すと、すぐに使えなくなります。",
        "from_to": "{given} から、長くて {until} まで。",
        "withdraw": "同意を取り消す",
        "withdrawn": "取り消しました。もう使えません。",
        "nothing_shared": "いま、同意しているアプリはありません。",
        "history": "これまでのこと",
        "no_history": "まだ何もありません。",
        "consent_give": "{client} に同意しました。",
        "consent_withdraw": "{client} への同意を取り消しました。",
        "consent_end": "{client} への同意が終わりました。",
        "technical": "アプリの提供者へ",
        "stale": "画面が古くなりました。もう一度お試しください。",
    },
    "en": {
        "platform": "City data platform",
        "language_name": "English",
        "languages": "Language",
        "skip": "Skip to the content",
        "sign_in": "Sign in",
        "sign_in_for": "Please sign in to use {client}.",
        "username": "User name",
        "password": "Password",
        "wrong": "The user name, the password or the number is wrong.",
        "wait": "Too many wrong tries: please wait {seconds} seconds and try again.",
        "signed_in_as": "You are signed in as {name}.",
        "not_me": "Sign in as somebody else",
        "until": "This holds until {date} at the latest.",
        "goes_to": "If you allow it, you go back to {host}.",
        "no_shared_key": "{client} knows you by a number that no other app has.",
        "allow": "Allow",
        "deny": "Do not allow",
        "read": "See",
        "write": "See, enter and change",
        "act": "Use",
        "personal": "your own data",
        "error": "This cannot go on",
        "error_help": "Go back to the app and try again. If it stays, tell the app's makers.",
        "sign_in_here": "Please sign in to see how your data is used.",
        "sign_out": "Sign out",
        "my_data": "My data",
        "my_data_help": "The apps that you have allowed, and what they may see. You can withdraw "
        "at any time, and it holds at once.",
        "from_to": "From {given} until {until} at the latest.",
        "withdraw": "Withdraw",
        "withdrawn": "Withdrawn. It cannot be used any more.",
        "nothing_shared": "You allow no app anything at the moment.",
        "history": "What happened",
        "no_history": "Nothing yet.",
        "consent_give": "You allowed {client}.",
        "consent_withdraw": "You withdrew what you had allowed {client}.",
        "consent_end": "What you had allowed {client} has ended.",
        "technical": "For the app's makers",
        "stale": "This page was too old. Please try again.",
    },
}

TEXTS: Final[dict[str, dict[str, str]]] = {
    "ja": {
        **_TEXTS["ja"],
        **CONSENT_TEXTS["ja"],
        **TOLD_TEXTS["ja"],
        **TRAIL_TEXTS["ja"],
        **SANDBOX_TEXTS["ja"],
    },
    "en": {
        **_TEXTS["en"],
        **CONSENT_TEXTS["en"],
        **TOLD_TEXTS["en"],
        **TRAIL_TEXTS["en"],
        **SANDBOX_TEXTS["en"],
    },
    "easy": {
        **_TEXTS["ja"],
        **EASY,
        **CONSENT_TEXTS["easy"],
        **TOLD_TEXTS["easy"],
        **TRAIL_TEXTS["easy"],
        **SANDBOX_TEXTS["easy"],
    },
}
"""``easy`` is plain Japanese (やさしい日本語)."""

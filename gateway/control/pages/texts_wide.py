"""What the layout of the wide pages says, in both languages."""

from __future__ import annotations

from typing import Final

WIDE_TEXTS: Final[dict[str, dict[str, str]]] = {
    "ja": {
        "skip": "本文へ",
        "to_portal": "開発者向け",
        "to_console": "運用者向け",
        "copy": "コピー",
        "copied": "コピーしました",
        "staff_sign_in_title": "サインイン",
        "staff_sign_in_help": "職員または開発者のアカウントで、サインインしてください。",
        "staff_code_help": "認証アプリを設定していない開発者は、空のままにしてください。",
        "staff_wrong": "利用者名、パスワード、数字のどれかが違います。",
        "to_join": "開発者として登録する",
        "staff_stale": "画面が古くなりました。もう一度お試しください。",
        "not_for_you": "この画面は使えません",
        "not_for_you_help": "この画面を使える役割: {roles}。あなたの役割: {yours}。"
        "役割は、運用者が `supercity staff` で変えられます。",
    },
    "en": {
        "skip": "To the content",
        "to_portal": "For developers",
        "to_console": "For operators",
        "copy": "Copy",
        "copied": "Copied",
        "staff_sign_in_title": "Sign in",
        "staff_sign_in_help": "Sign in with your account as a member of the staff or a developer.",
        "staff_code_help": "Developers who have not set up an authenticator app leave this empty.",
        "staff_wrong": "The user name, the password or the number is wrong.",
        "to_join": "No account yet? Become a developer",
        "staff_stale": "This page was too old. Please try again.",
        "not_for_you": "This page is not for your account",
        "not_for_you_help": "It is for these roles: {roles}. Yours: {yours}. "
        "An operator can change roles with `supercity staff`.",
    },
}

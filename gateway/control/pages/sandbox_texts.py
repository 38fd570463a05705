"""What residents' pages say of an application that a developer is only testing."""

from __future__ import annotations

from typing import Final

SANDBOX_TEXTS: Final[dict[str, dict[str, str]]] = {
    "ja": {
        "sandbox_sign_in": "これは、開発者が試しているアプリ（サンドボックス）です。"
        "試験用の住民だけが使えます。ご自分の利用者名とパスワードは、入れないでください。",
        "sandbox_asks": "試しているアプリ（サンドボックス）です。"
        "渡るのは、実在しない試験用の住民のデータだけです。",
    },
    "en": {
        "sandbox_sign_in": "This is an application that a developer is testing (sandbox). It is "
        "for test residents only: do not enter your own user name and password.",
        "sandbox_asks": "An application being tested (sandbox). It gets the data of test residents "
        "only, who do not exist.",
    },
    "easy": {
        "sandbox_sign_in": "これは、作っている とちゅうの アプリです。"
        "テストの 人だけが 使えます。あなたの 名前と パスワードを 入れないで ください。",
        "sandbox_asks": "作っている とちゅうの アプリです。"
        "本当は いない、テストの 人の データだけを 使います。",
    },
}

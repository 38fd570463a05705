"""What the pages about a resident's account say, in both languages."""

from __future__ import annotations

from typing import Final

ACCOUNT_TEXTS: Final[dict[str, dict[str, str]]] = {
    "ja": {
        "code_if_any": "認証アプリを設定している方",
        "provider_sign_in": "{name} でサインインする",
        "provider_failed": "{name} でのサインインができませんでした。もう一度お試しください。",
        "recover_link": "パスワードを忘れたとき",
        "recover_title": "パスワードの再設定",
        "recover_help": "窓口で受け取った、または控えておいた再設定コードを入力してください。",
        "recover_code": "再設定コード",
        "recover_password": "新しいパスワード（{least} 文字以上）",
        "recover_button": "再設定する",
        "recover_wrong": "利用者名か再設定コードが違うか、期限が切れています。",
        "recover_short": "パスワードは {least} 文字以上にしてください。",
        "recover_done": "新しいパスワードにしました。認証アプリの設定は外しました。",
        "recover_codes": "再設定コード",
        "recover_codes_help": "一つずつ、一度だけ使えます。紙に書いて、しまっておいてください。"
        "この画面を閉じると、二度と表示されません。",
        "security": "アカウントの安全",
        "new_codes": "再設定コードを作る（前のものは使えなくなります）",
        "factor_title": "認証アプリの設定",
        "factor_help": "サインインのとき、認証アプリの数字も必要になります。",
        "factor_add": "認証アプリを設定する",
        "factor_remove": "認証アプリの設定を外す",
        "factor_on": "認証アプリを設定しました。",
        "factor_off": "認証アプリの設定を外しました。",
        "factor_wrong": "認証アプリの数字が違います。",
        "back_to_my": "わたしのデータへ戻る",
        "erase_title": "アカウントを消す",
        "erase_help": "すべての同意が終わり、アプリに知らされます。アカウントと、利用の記録の中の"
        "あなたに関する部分は、誰にも読めなくなり、元に戻せません。役所や病院が法律によって"
        "保管する記録は、それぞれの窓口にあります。",
        "erase_sure": "元に戻せないことを確かめました。",
        "erase_button": "すべて消す",
        "erase_done": "すべて消しました。",
    },
    "easy": {
        "code_if_any": "数字が 出る アプリを つかって いる 人",
        "provider_sign_in": "{name} で 入る",
        "provider_failed": "{name} で 入れませんでした。もう 一度 やって ください。",
        "recover_link": "パスワードを わすれた とき",
        "recover_title": "あたらしい パスワードを きめる",
        "recover_help": "市の まどぐちで もらった コード、または 自分で 書いて おいた コードを "
        "入れて ください。",
        "recover_code": "コード",
        "recover_password": "あたらしい パスワード（{least} 文字より 長く）",
        "recover_button": "パスワードを きめる",
        "recover_wrong": "名前か コードが ちがいます。または、コードの 時間が おわりました。",
        "recover_short": "パスワードは {least} 文字より 長く して ください。",
        "recover_done": "パスワードを かえました。数字が 出る アプリは はずしました。",
        "recover_codes": "パスワードを わすれた ときの コード",
        "recover_codes_help": "1つの コードは 1回だけ つかえます。紙に 書いて ください。"
        "この 画面を しめると、もう 見る ことが できません。",
        "security": "あんぜんの ために",
        "new_codes": "コードを つくる（前の コードは つかえなく なります）",
        "factor_title": "数字が 出る アプリ",
        "factor_help": "入る とき、アプリの 数字も 入れる ように なります。",
        "factor_add": "アプリを つかう",
        "factor_remove": "アプリを やめる",
        "factor_on": "アプリを つかう ように しました。",
        "factor_off": "アプリを やめました。",
        "factor_wrong": "アプリの 数字が ちがいます。",
        "back_to_my": "わたしの データへ もどる",
        "erase_title": "ぜんぶ 消す",
        "erase_help": "同意は ぜんぶ おわります。アプリにも 知らせます。あなたの アカウントと、"
        "あなたの 記録は、だれも 読めなく なります。もとに もどす ことは できません。"
        "役所や 病院の 記録は、そこに のこります。",
        "erase_sure": "もとに もどせない ことが わかりました。",
        "erase_button": "ぜんぶ 消す",
        "erase_done": "ぜんぶ 消しました。",
    },
    "en": {
        "code_if_any": "If you have set up an authenticator app",
        "provider_sign_in": "Sign in with {name}",
        "provider_failed": "Signing in with {name} did not work. Please try again.",
        "recover_link": "Forgotten your password?",
        "recover_title": "Set a new password",
        "recover_help": "Enter a recovery code: from the city's counter, or one of those "
        "that you noted down.",
        "recover_code": "Recovery code",
        "recover_password": "New password ({least} characters or more)",
        "recover_button": "Set the password",
        "recover_wrong": "The user name or the recovery code is wrong, or the code has expired.",
        "recover_short": "A password needs {least} characters or more.",
        "recover_done": "You have a new password. Your authenticator app was taken off.",
        "recover_codes": "Recovery codes",
        "recover_codes_help": "Each is good once. Write them on paper and keep it safe: when you "
        "close this page, they are never shown again.",
        "security": "Safety of your account",
        "new_codes": "Make recovery codes (those before are void)",
        "factor_title": "Authenticator app",
        "factor_help": "Signing in will ask for the app's number too.",
        "factor_add": "Set up an authenticator app",
        "factor_remove": "Take the authenticator app off",
        "factor_on": "Your authenticator app is set up.",
        "factor_off": "Your authenticator app was taken off.",
        "factor_wrong": "The app's number is wrong.",
        "back_to_my": "Back to my data",
        "erase_title": "Erase me",
        "erase_help": "Every consent ends, and the apps are told. Your account goes, and what the "
        "records of use have about you can be read by nobody any more. It cannot be undone. What "
        "an office or a hospital keeps by law stays with them.",
        "erase_sure": "I know that this cannot be undone.",
        "erase_button": "Erase everything",
        "erase_done": "Everything is erased.",
    },
}

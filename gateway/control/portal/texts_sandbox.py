"""What the pages of the sandbox and of the quickstarts say."""

from __future__ import annotations

from typing import Final

SANDBOX_PAGE_TEXTS: Final[dict[str, dict[str, str]]] = {
    "ja": {
        "nav_sandbox": "サンドボックス",
        "nav_quickstarts": "クイックスタート",
        "sandbox_title": "サンドボックス",
        "sandbox_lead": "承認を待たずに、本物の API を、実在しない住民で試せます。",
        "sandbox_can": "できること",
        "can_once": "登録してすぐ、アプリを動かす",
        "can_read": "都市の公開データを読む（<領域>:read のスコープ）",
        "can_people": "試験用の住民としてサインインし、同意し、本人のデータを読み、同意を取り消す",
        "can_events": "できごとを受け取る",
        "sandbox_cannot": "できないこと",
        "cannot_real": "実在する住民のデータを使うこと（緊急時も）",
        "cannot_write": "都市のデータを書き換えること、運用者やデータ保有者のスコープを持つこと",
        "cannot_mix": "本番のアプリとデータを受け渡しすること。本番には、別のアプリを申請します",
        "cannot_fast": "1 分に {rate} 回、1 日 {quota} 回を超えて呼ぶこと",
        "test_residents": "試験用の住民",
        "test_residents_help": "だれも実在しません。すべての開発者が同じ人たちを使うので、"
        "ほかの開発者に与えた同意が見えることがあります。",
        "has_data_in": "データのある領域",
        "passwords_signed_in": "パスワードは、サインインした開発者に表示されます。",
        "passwords_ask": "パスワードは、この都市の運用者にお尋ねください。",
        "no_test_residents": "この都市には、まだ試験用の住民がいません。"
        "運用者にお問い合わせください。",
        "consent_how": "同意のしくみ",
        "consent_1": "アプリが、使いたいデータと目的を書いて、住民を同意の画面に送ります。",
        "consent_2": "試験用の住民としてサインインし、渡すものを 1 つずつ選びます。"
        "選ばないことも試してください。",
        "consent_3": "アプリは、選ばれた項目だけを、期限まで読めます。ほかの項目は、"
        "答えに入りません。",
        "consent_4": "同じ住民で「わたしのデータ」（/my）を開くと、だれが何を使ったかが見え、"
        "同意を取り消せます。1 秒以内に止まります。",
        "quickstarts": "クイックスタート",
        "quickstarts_lead": "貼れば動きます。公開データ、トークン、住民の同意、できごと、"
        "NGSI-LD の順に。",
        "quickstarts_env": "鍵は環境変数から読みます。まずシェルでこれを設定してください（2 行目は"
        "鍵の入力を待ちます）。",
        "which_app": "アプリ",
        "fill_in": "入れる",
        "on_this_page": "このページの内容",
        "save_as": "{file} として保存し、{run} で動かします。",
        "topic_open": "最初の呼び出し",
        "topic_open_text": "公開データには、鍵も登録もいりません。この都市の API の一覧です。",
        "topic_token": "トークンを取って、データを読む",
        "topic_token_text": "プログラム自身の名前でトークンを取り（client_credentials）、"
        "病院の空き状況を読みます。スコープ medical:read が必要です。",
        "topic_consent": "住民の同意を得て、本人のデータを読む",
        "topic_consent_text": "認可コードと PKCE です。戻り先 URL に "
        "http://127.0.0.1:8099/callback を、スコープに medical:appointments を登録してください。"
        "表示された URL を開き、試験用の住民として同意します。",
        "topic_events": "できごとを聞く",
        "topic_events_text": "都市で起きることが、Server-Sent Events で届きます。"
        "3 つ受け取ったら終わります。スコープ events:read が必要です。",
        "topic_ngsi": "NGSI-LD で、近くのものを探す",
        "topic_ngsi_text": "ある地点から 3 km 以内の避難所です。スコープ entities:read が必要です"
        "。",
    },
    "en": {
        "nav_sandbox": "Sandbox",
        "nav_quickstarts": "Quickstarts",
        "sandbox_title": "Sandbox",
        "sandbox_lead": "The real APIs, with residents who do not exist, and no approval to wait "
        "for.",
        "sandbox_can": "What it can do",
        "can_once": "Run an application as soon as it is registered",
        "can_read": "Read the city's open data (scopes <domain>:read)",
        "can_people": "Sign in as a test resident, agree, read their own data, withdraw",
        "can_events": "Receive events",
        "sandbox_cannot": "What it cannot do",
        "cannot_real": "Use the data of residents who exist (not in an emergency either)",
        "cannot_write": "Change the city's data, or hold scopes of operators and data holders",
        "cannot_mix": "Hand data to live applications or take it from them; for live use, ask for "
        "another application",
        "cannot_fast": "Make more than {rate} requests a minute or {quota} a day",
        "test_residents": "Test residents",
        "test_residents_help": "None of them exists. All developers use the same ones, so you may "
        "see what they agreed to with others.",
        "has_data_in": "Has data in",
        "passwords_signed_in": "Developers who have signed in are shown the passwords.",
        "passwords_ask": "Please ask this city's operators for the passwords.",
        "no_test_residents": "This city has no test residents yet: please ask its operators.",
        "consent_how": "How consent works",
        "consent_1": "The application says which data it would like and what for, and sends the "
        "resident to the consent page.",
        "consent_2": "Sign in as a test resident and tick what to hand over, one by one. Try not "
        "ticking, too.",
        "consent_3": "The application can read what was ticked, until its end. Other fields are "
        "not in the answer.",
        "consent_4": "As the same resident, open “My data” (/my): who used what is there, and "
        "consents can be withdrawn, which takes less than a second.",
        "quickstarts": "Quickstarts",
        "quickstarts_lead": "They run as pasted: open data, a token, a resident's consent, "
        "events, NGSI-LD.",
        "quickstarts_env": "Keys are read from the environment. Set them in your shell first (the "
        "second line waits for the secret).",
        "which_app": "Application",
        "fill_in": "Fill in",
        "on_this_page": "On this page",
        "save_as": "Save it as {file} and run {run}.",
        "topic_open": "A first call",
        "topic_open_text": "Open data needs no key and no account. These are the city's APIs.",
        "topic_token": "A token, and data with it",
        "topic_token_text": "A token in the program's own name (client_credentials), and the "
        "hospitals with it. It needs scope medical:read.",
        "topic_consent": "A resident's consent, and their own data",
        "topic_consent_text": "Authorization code with PKCE. Register "
        "http://127.0.0.1:8099/callback as a redirect URI, and scope medical:appointments. Open "
        "the address that is printed and agree as a test resident.",
        "topic_events": "Listening to events",
        "topic_events_text": "What happens in the city, as Server-Sent Events; it ends after "
        "three. It needs scope events:read.",
        "topic_ngsi": "Finding what is near, with NGSI-LD",
        "topic_ngsi_text": "Shelters within 3 km of a place. It needs scope entities:read.",
    },
}

"""How long a refusal takes must not tell a secret: not which byte was wrong, nor who exists."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from gateway.control.residents import Passwords
from gateway.control.secrets import Secrets
from tests.gateway.control.city import City, authorize_url, csrf_of

ROOT: Final = Path(__file__).parents[2]
_WORDS: Final = """
    secret password passcode signature mac hmac csrf verifier challenge nonce otp totp pin token
    code digest hash
"""
SECRETS: Final = frozenset(_WORDS.split())
"""Last words of names whose values nobody may learn by trying, or that are made of such.

Thumbprints of keys are not among them: keys that are proven are public.
"""

HARMLESS: Final = {
    "known.digest != report.digest": "of the content of a published alert",
    "before.digest != digest": "of what the same resident filed under the same key",
    "seal_hash(opened) != sealed": "both are in the audit log that is being verified",
    "words != one.wording.hash": "of the text that a page shows",
    "get('ath') != grant.hash": "of the very token that was sent beside it (RFC 9449 §4.3)",
}


def _last(node: ast.expr) -> str:
    """The word that a value's name ends with: ``stored_hash`` and ``x.hash()`` are hashes."""
    while isinstance(node, ast.Await | ast.Call):
        node = node.value if isinstance(node, ast.Await) else node.func
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return str(name).lower().rpartition("_")[2]


def _is_harmless(node: ast.expr) -> bool:
    """What is constant, a column (an index is searched by a keyed hash), or HTTP's status."""
    text = ast.unparse(node)
    return isinstance(node, ast.Constant) or ".c." in text or text.endswith("status_code")


def compared(source: str) -> Iterator[tuple[int, str]]:
    """Comparisons of secrets that stop at the first difference; line and text."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        if not any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            continue
        if any(map(_is_harmless, sides)):
            continue
        if any(_last(side) in SECRETS for side in sides):
            yield node.lineno, ast.unparse(node)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("stored_hash == given", True),
        ("given != secrets.hash(token)", True),
        ("row.totp == code", True),
        ("hmac.compare_digest(a, b)", False),
        ("table.c.hash == hashed", False),
        ("answer.status_code == code", False),
    ],
)
def test_the_search_finds_what_it_is_for(line: str, found: bool) -> None:
    assert bool([*compared(line)]) is found


@pytest.mark.parametrize("room", ["gateway", "schemas", "services", "connectors"])
def test_no_secret_is_compared_byte_after_byte(room: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in (ROOT / room).rglob("*.py")
        for line, text in compared(path.read_text())
        if text not in HARMLESS
    ]
    assert not found, "use hmac.compare_digest"


async def test_an_unknown_client_costs_the_same_comparison(
    small_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []
    matches = Secrets.matches

    def counted(self: Secrets, token: str, stored: str) -> bool:
        compared.append(len(stored))
        return matches(self, token, stored)

    monkeypatch.setattr(Secrets, "matches", counted)
    for client_id in ("machine", "nobody-knows"):
        form = {"grant_type": "client_credentials"}
        answer = await small_city.http.post("/oauth/token", data=form, auth=(client_id, "wrong"))
        assert answer.json()["error"] == "invalid_client"
    # with the secret, and with the one before it
    assert compared == [64, 64, 64, 64]


async def test_an_unknown_resident_costs_the_same_hash(
    small_city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    verify = Passwords._verify

    def counted(self: Passwords, password: str, stored: str) -> bool:
        verified.append(stored.split("$")[1])
        return verify(self, password, stored)

    monkeypatch.setattr(Passwords, "_verify", counted)
    pages = []
    async with small_city.browser() as browser:
        url = authorize_url()
        for username in ("hanako", "nobody-knows"):
            form = {"csrf": csrf_of(await browser.get(url)), "username": username, "password": "x"}
            answer = await browser.post(url, data={**form, "decision": "sign-in"})
            pages.append((answer.status_code, answer.text.replace(username, "")))
    assert verified == ["argon2id", "argon2id"]
    assert pages[0][0] == pages[1][0] == 403
    assert len(pages[0][1]) == len(pages[1][1]), "nor does the page tell who exists"

"""``supercity consent``, ``residents``, ``clients``: what concerns people and their apps."""

from __future__ import annotations

import json

import pytest

from gateway import cli
from gateway.cli import complete
from tests.gateway.cli.shell import refusal, run, runner

pytestmark = pytest.mark.usefixtures("environment")


def test_a_client_is_added_by_name_rotated_and_removed(city: str) -> None:
    made = json.loads(run("clients", "add", "Care", "--id", "care", "--json"))
    assert made["client_id"] == "care"
    rotated = json.loads(run("clients", "rotate", "care", "--json"))
    assert rotated["client_secret"] not in ("", made["client_secret"])
    assert "There is no client 'nobody'" in refusal("clients", "show", "nobody")
    run("clients", "remove", "care", given="n\n", code=1)
    assert "care" in run("clients", "list", "--state", "active")
    assert "gone" in run("clients", "remove", "care", "--yes")
    assert "care" not in run("clients", "list", "--state", "active")


def test_where_ends_of_consents_are_told_is_set_and_unset() -> None:
    run("clients", "add", "Told", "--id", "told")
    assert "No address is known" in refusal("consent", "again", "told")
    made = json.loads(run("consent", "address", "told", "https://told.example/x", "--json"))
    assert made["secret"]
    assert "again of 0 ends" in run("consent", "again", "told")
    assert "told no more" in run("consent", "address", "told", "")
    assert run("consent", "notices", "--client", "told") == (
        "Every end that was to be told is acknowledged.\n"
    )


def test_consents_are_counted_for_operators_and_listed_for_nobody_without_a_token() -> None:
    assert json.loads(run("consent", "list", "--json")) == []
    assert "SUPERCITY_RESIDENT_TOKEN" in refusal("consent", "mine", "--token", "")
    assert "a resident's own" in refusal("consent", "mine", "--token", "a-machine-s")
    assert "a resident's own" in refusal("consent", "withdraw", "c-1", "--token", "a-machine-s")


def test_a_resident_is_helped_at_the_counter() -> None:
    assert "Good once" in run("residents", "recovery", "hana")
    assert "level 2" in run("residents", "proofing", "hana", "2")
    assert "no resident with this user name" in refusal("residents", "recovery", "nobody")


def test_names_are_completed_from_the_city(city: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complete, "_PATIENCE", 30.0)  # whoever types would not wait so long
    assert ("operator", "operator") in complete.clients("op")
    assert complete.clients("zz") == []
    assert [name for name, _ in complete.scopes("operator:k")] == ["operator:keys"]
    assert complete.levels("s") == [("severe", "")]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("clients show op", "operator"),
        ("clients add x --scope operator:k", "operator:keys"),
        ("emergency on x --level s", "severe"),
        ("staff invite x --role aud", "auditor"),
        ("pol", "policy"),
    ],
)
def test_a_shell_is_offered_what_could_come_next(typed: str, offered: str) -> None:
    words = f"supercity {typed}"
    environ = {
        "_SUPERCITY_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    result = runner.invoke(cli.app, [], prog_name="supercity", env=environ)
    assert result.stdout.split() == [offered]


def test_a_completion_never_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("SUPERCITY_GATEWAY_URL", "http://127.0.0.1:1"),
        ("SUPERCITY_GATEWAY_URL", "nonsense"),
        ("SUPERCITY_DATA_DIR", "/nowhere"),
    ):
        monkeypatch.setenv(name, value)
        assert complete.clients("") == []
        assert ("operator:keys", "Rotate signing keys") in complete.scopes("operator:k")

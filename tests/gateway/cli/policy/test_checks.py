"""What is wrong in a policy file is told with its place and the way to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import cli
from gateway.cli.policy import source
from gateway.cli.policy.checks import check
from gateway.cli.policy.source import Misread
from tests.gateway.cli.policy.documents import GOOD


def test_a_good_file_has_no_findings() -> None:
    policy, findings = check(GOOD)
    assert findings == []
    assert policy
    assert policy.clients
    assert policy.clients["maps"].scopes == ("disaster:read", "mobility:read")
    assert policy.linkage
    assert policy.linkage.watched == (("medical", "payments"),)


@pytest.mark.parametrize(
    ("old", "new", "line", "where", "told"),
    [
        ("    scopes: [mobility", "    scops: [mobility", 10, "clients.maps.scops", "mean scopes?"),
        (
            "rate: {requests: 100",
            "rate: {request: 100",
            11,
            "clients.maps.rate.request",
            "requests?",
        ),
        ("requests: 100", "requests: many", 11, "clients.maps.rate.requests", "valid integer"),
        ("requests: 100", "requests: 0", 11, "clients.maps.rate.requests", "greater than 0"),
        (
            "[mobility:read,",
            "[operator:clent,",
            10,
            "clients.maps.scopes",
            "mean operator:clients?",
        ),
        ("[mobility:read,", "[mobility,", 10, "clients.maps.scopes", "is no scope"),
        ("[care]", "[fun]", 17, "clients.clinic.purposes.0", "fun"),
        (
            "    redirect_uris: [https://clinic.example/cb]\n",
            "",
            13,
            "clients.clinic",
            "at least one",
        ),
        (
            "https://clinic.example/cb",
            "http://clinic.example/cb",
            15,
            "redirect_uris",
            "neither https",
        ),
        ("https://clinic.example/ended", "clinic", 18, "consent_notices", "is no URL"),
        ("[operator]", "[auditor, operator]", 20, "staff.sato.roles", "no other role"),
        ("  bikes:", "  mobility:", 3, "apis.mobility", "the city's own"),
        ("upstream: [http:", "upstream: [https:", 3, "apis.bikes", "plain http"),
        ("[[payments, medical]]", "[[payments, weather]]", 23, "linkage.watched.0", "weather"),
        ("{env: MAPS_SECRET}", "{env: A, file: b}", 12, "clients.maps.secret", "never the secret"),
        ("{env: MAPS_SECRET}", "hunter2", 12, "clients.maps.secret", "mapping"),
        ("version: 1", "version: 2", 1, "version", "1"),
        ("  maps:", "  maps:\n    name: x\n  maps:", 9, "", "a second time"),
        ("linkage:", "linkage: ]", 21, "", "found"),
        ("name: 佐藤", "name: no, name: x", 20, "", "a second time"),
    ],
)
def test_a_finding_says_what_where_and_how_to_mend_it(
    old: str, new: str, line: int, where: str, told: str
) -> None:
    _, findings = check(GOOD.replace(old, new, 1))
    found = [(one.place.line, one.where, f"{one.what} {one.fix}") for one in findings]
    assert any(a == line and where in b and told in c for a, b, c in found), found


def test_a_public_client_cannot_act_by_itself() -> None:
    policy, findings = check("clients: {spa: {auth_method: none}}")
    assert policy
    assert "needs a client that authenticates" in findings[0].what


@pytest.mark.parametrize("word", ["no", "off", "yes", "2026-11-24", "12:30:00", "0x1f", "1_000"])
def test_words_that_other_readers_turn_into_something_else_stay_words(word: str) -> None:
    assert source.read(f"a: {word}").data == {"a": word}


def test_a_file_cannot_make_itself_larger_than_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_MOST_NODES", 5_000)
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9)
    )
    for text, told in ((bomb, "too much"), ("[" * 5000, ""), ("a: &x [*x]", "into itself")):
        with pytest.raises(Misread) as misread:
            source.read(text)
        assert told in misread.value.what


@settings(max_examples=150)
@given(st.text(alphabet="ab:-[]{}&*!#|>'\"\n \\\t%@0", max_size=30))
def test_any_text_is_read_or_misread(text: str) -> None:
    try:
        found = source.read(text)
    except Misread as misread:
        assert misread.place.line >= 1
    else:
        assert found.places or found.data is None


@settings(max_examples=100)
@given(st.data())
def test_a_damaged_file_has_findings_or_is_good(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD) - 1))
    cut = data.draw(st.integers(1, 12))
    policy, findings = check(GOOD[:at] + GOOD[at + cut :])
    assert policy or findings
    assert all(1 <= one.place.line <= GOOD.count("\n") + 1 for one in findings)


def test_the_example_of_the_readme_is_good() -> None:
    readme = (Path(cli.__file__).parent / "README.md").read_text()
    policy, findings = check(readme.split("```yaml\n")[1].split("```")[0])
    assert findings == []
    assert policy
    assert set(policy.clients or ()) == {"city-maps", "clinic"}

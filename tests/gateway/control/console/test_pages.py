"""What all pages of the console have in common: who may open them, what they refuse, in both
languages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from gateway.control.console import actions
from gateway.control.console.navigation import NAVIGATION
from gateway.control.console.texts import _PARTS, CONSOLE_TEXTS
from gateway.control.oauth.clients import Shown
from gateway.control.pages import _ALL
from gateway.control.staff.roles import ROLES
from schemas.policy import ClientClass, EmergencyLevel
from tests.gateway.control.city import City
from tests.gateway.control.console.desk import Desk

OPERATORS = [one.path for one in NAVIGATION if one.roles == ("operator",)]
AUDITORS = ["/console/audit", "/console/audit/0", "/console/audit/checkpoints"]
TEMPLATES = Path(actions.__file__).parent / "templates"


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_every_page_is_shown_in_both_languages(desk: Desk, language: str) -> None:
    for path in OPERATORS:
        page = await desk.see(path, language)
        assert page.status_code == 200, (path, page.text)
        assert f'<html lang="{language}">' in page.text
        assert page.headers["cache-control"] == "no-store"


async def test_nobody_opens_a_page_without_signing_in(small_city: City) -> None:
    async with small_city.browser() as browser:
        for path in [*OPERATORS, *AUDITORS, "/console/clients/machine", "/console/apis/x"]:
            answer = await browser.get(path)
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/staff/sign-in?next=%2Fconsole")


async def test_an_auditor_sees_what_was_done_and_can_do_nothing(auditor: Desk) -> None:
    for path in AUDITORS:
        assert (await auditor.see(path)).status_code == 200, path
    for path in OPERATORS:
        page = await auditor.see(path)
        assert page.status_code == 403, path
        assert "operator" in page.text
    answer = await auditor.post("/console/clients/machine", decision="suspend", sure="yes")
    assert answer.status_code == 403
    state = (await auditor.city.http.get("/control/v1/clients/machine")).json()
    assert not state["suspended"]


async def test_an_operator_reads_which_scope_the_audit_log_needs(desk: Desk) -> None:
    for path in ("/console/audit", "/console/audit/0"):
        page = await desk.see(path)
        assert page.status_code == 403
        assert "audit:read" in page.text
    assert "/console/audit" not in (await desk.see("/console")).text


async def test_a_form_from_elsewhere_does_nothing(desk: Desk) -> None:
    for path in ("/console/clients/machine", "/console/gateways", "/console/emergency"):
        answer = await desk.browser.post(path, data={"csrf": "made-up", "decision": "suspend"})
        assert answer.status_code == 403, path
        assert 'role="alert"' in answer.text
    assert not (await desk.city.http.get("/control/v1/clients/machine")).json()["suspended"]


def test_both_languages_have_every_text_once() -> None:
    assert CONSOLE_TEXTS["ja"].keys() == CONSOLE_TEXTS["en"].keys()
    names = [name for part in _PARTS for name in part["en"]]
    assert len(names) == len(set(names)), "one part would hide another's"
    assert all(text for texts in CONSOLE_TEXTS.values() for text in texts.values())


def test_every_text_of_a_template_is_there() -> None:
    known = CONSOLE_TEXTS["en"].keys() | _ALL["en"].keys()
    for path in TEMPLATES.glob("*.html"):
        used = set(re.findall(r"\bt\.([a-z_0-9]+)", path.read_text()))
        assert used <= known, (path.name, used - known)


def test_what_is_named_by_a_value_has_its_words() -> None:
    values: dict[str, Any] = {
        "client_": Shown, "class_": ClientClass, "level_": EmergencyLevel,
    }  # fmt: skip
    for prefix, kind in values.items():
        for value in get_args(kind):
            assert prefix + value in CONSOLE_TEXTS["en"]
    assert all(f"role_{role}_may" in CONSOLE_TEXTS["en"] for role in ROLES)

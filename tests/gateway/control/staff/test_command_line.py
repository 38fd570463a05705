"""``supercity login`` and ``supercity staff``, with the control plane answering in process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.cli.operator import SESSION, Operator, Session
from gateway.settings import Settings


def test_the_token_of_who_signed_in_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = Session.save(tmp_path / "new", "token", 3600)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Session.token(tmp_path / "new") == "token"
    Session.forget(tmp_path / "new")
    assert Session.token(tmp_path / "new") == ""


@pytest.mark.parametrize("held", ["{", "[]", '{"access_token": "t"}', '{"expires": 9e9}'])
def test_a_file_that_is_no_session_is_nobody_signed_in(tmp_path: Path, held: str) -> None:
    (tmp_path / SESSION).write_text(held)
    assert Session.token(tmp_path) == ""


def test_who_signed_in_comes_before_the_machine_s_credentials(tmp_path: Path) -> None:
    (tmp_path / "operator.json").write_text(json.dumps({"client_id": "o", "client_secret": "s"}))
    settings = Settings(data_dir=tmp_path, gateway_url="http://city.example")
    with Operator.from_settings(settings) as machine:
        assert machine.client_id == "o"
    Session.save(tmp_path, "token", 3600)
    with Operator.from_settings(settings) as person:
        assert (person.client_id, person._token) == ("", "token")
    Session.save(tmp_path, "token", 1)
    with Operator.from_settings(settings) as machine:
        assert machine.client_id == "o", "the session is over"

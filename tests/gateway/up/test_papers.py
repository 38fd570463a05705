from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from gateway.control.bootstrap_file import Bootstrap
from gateway.private_file import write_private
from gateway.up.cast import CLIENTS, RESIDENTS
from gateway.up.papers import Papers, PapersError


def test_the_papers_of_a_city_are_made_once(tmp_path: Path) -> None:
    first = Papers.keep(tmp_path / "city")
    assert Papers.keep(tmp_path / "city") == first
    assert Papers.keep(tmp_path / "another") != first


def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    folder = tmp_path / "city"
    Papers.keep(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600


def test_an_older_city_gets_what_it_lacks_and_keeps_the_rest(tmp_path: Path) -> None:
    first = Papers.keep(tmp_path)
    held = json.loads((tmp_path / "secrets.json").read_text())
    del held["clients"]["operator"]
    write_private(tmp_path / "secrets.json", held)
    now = Papers.keep(tmp_path)
    assert now.client_secrets["operator"] != first.client_secrets["operator"]
    assert now.client_secrets["sample-app"] == first.client_secrets["sample-app"]
    assert now.pairwise_key == first.pairwise_key


@pytest.mark.parametrize("content", ["{", "[]", "\xff"])
def test_a_broken_file_is_named_and_never_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secrets.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(PapersError, match=r"secrets\.json"):
        Papers.keep(tmp_path)
    assert path.read_bytes() == content.encode("latin-1")


def test_the_control_plane_accepts_the_bootstrap_document(tmp_path: Path) -> None:
    papers = Papers.keep(tmp_path)
    document = papers.bootstrap({"mobility": "http://127.0.0.1:8003/mobility/v1/openapi.json"})
    read = Bootstrap.model_validate(document)
    assert {client.client_id for client in read.clients} == {c.client_id for c in CLIENTS}
    assert {resident.username for resident in read.residents} == set(RESIDENTS)
    hana = next(one for one in read.residents if one.username == "hana")
    assert hana.links["medical"] == "patient-hana"


def test_only_the_operator_and_the_partner_may_name_what_is_not_for_reading() -> None:
    """The sample application's secret is printed on the screen: it must not open much."""
    sample = next(client for client in CLIENTS if client.client_id == "sample-app")
    writing = {scope for scope in sample.scopes if not scope.endswith(":read")}
    assert writing == {"payments:initiate"}

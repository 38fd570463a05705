"""The pages' scripts and styles: what is served, for how long, and whose it is."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from gateway.control.pages import asset_files
from tests import vendored
from tests.gateway.control.city import City


async def test_an_asset_is_kept_for_good_under_a_name_that_has_its_hash(small_city: City) -> None:
    where = asset_files.asset("city.css")
    answer = await small_city.http.get(where)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert "max-age=31536000" in answer.headers["cache-control"]
    assert "--accent" in answer.text
    again = await small_city.http.get(where, headers={"if-none-match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_it_is_sent_compressed_to_who_can_read_that(small_city: City) -> None:
    where = asset_files.asset("htmx.min.js")
    zipped = await small_city.http.get(where, headers={"accept-encoding": "gzip"})
    plain = await small_city.http.get(where, headers={"accept-encoding": "identity"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == zipped.headers["vary"] == "Accept-Encoding"
    assert zipped.text == plain.text
    assert zipped.num_bytes_downloaded < plain.num_bytes_downloaded / 2


@pytest.mark.parametrize(
    "name", ["city.css", "city-0000000000000000.css", "..%2fasset_files.py", "vendored.json"]
)
async def test_nothing_else_is_served(small_city: City, name: str) -> None:
    assert (await small_city.http.get(f"/assets/{name}")).status_code == 404


def test_vendored_files_are_those_of_their_packages() -> None:
    held = {path.name for path in vendored.FOLDER.iterdir()} - {vendored.LOCK.name}
    named: set[str] = set()
    for name, package in vendored.read_lock().items():
        assert package["integrity"].startswith("sha512-"), name
        for file, source in package["files"].items():
            named.add(file)
            body = (vendored.FOLDER / file).read_bytes()
            assert vendored.sha256(body) == source["sha256"], f"{file} was changed: make assets"
    assert held == named, "every vendored file is in the lock"


def test_no_page_loads_anything_from_elsewhere() -> None:
    folder = Path(asset_files.__file__).parents[1]
    for path in folder.rglob("*.html"):
        text = path.read_text()
        for mark in ('src="http', 'src="//', 'href="//', "@import", "url(http"):
            assert mark not in text, path.name
        assert " style=" not in text, f"{path.name}: the pages' policy refuses style attributes"
        assert " onclick" not in text, path.name


def test_own_styles_stay_small() -> None:
    for file in ("city.css", "city.js"):
        body = (Path(asset_files.__file__).parent / "assets" / file).read_bytes()
        assert len(gzip.compress(body)) < 8_192, file

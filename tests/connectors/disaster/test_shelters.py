from __future__ import annotations

import asyncio
import contextlib
import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.disaster import sample
from connectors.disaster.connector import DisasterConnector
from connectors.disaster.japanese import JST, capacities, moment_in, moment_of, whole
from connectors.disaster.shelter_csv import parse_shelters
from schemas.problem import Problem, Unprocessable
from tests.connectors.harness import Running, running

URL = "/disaster/v1/shelters"
NOW = datetime(2026, 6, 1, 3, 0, tzinfo=UTC)

HEADER = "ID,名称,緯度,経度,災害種別_洪水,災害種別_地震,想定収容人数,開設状況,避難者数,更新日時"


def file(*lines: str, header: str = HEADER) -> bytes:
    return "\r\n".join((header, *lines, "")).encode()


FILE = file(
    "A,近い,36.5510,139.8800,1,1,100,開設,40,2026-06-01T11:00:00+09:00",
    "B,満員,36.5520,139.8800,1,1,50,開設,50,2026-06-01T11:00:00+09:00",
    "C,閉鎖,36.5530,139.8800,1,1,80,未開設,,2026-06-01T11:00:00+09:00",
    "D,地震のみ,36.5540,139.8800,,1,80,開設,0,2026-06-01T11:00:00+09:00",
    "E,住所のみ,,,1,1,,,,",
)


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(DisasterConnector, tmp_path, clock=lambda: NOW) as found:
        put = await found.api.put("/disaster/v1/feeds/shelters", content=FILE)
        assert put.status_code == 200, put.text
        yield found


async def nearest(run: Running, **params: Any) -> list[str]:
    asked = {"lat": 36.55, "lon": 139.88, **params}
    answer = await run.api.get(f"{URL}/nearest", params=asked)
    assert answer.status_code == 200, answer.text
    return [item["shelterId"] for item in answer.json()["items"]]


async def test_nearest_is_by_distance(run: Running) -> None:
    assert await nearest(run) == ["A", "B", "C", "D"]
    assert await nearest(run, limit=2, lat=36.56) == ["D", "C"]
    answer = await run.api.get(f"{URL}/nearest?lat=36.55&lon=139.88&limit=1")
    assert answer.json()["items"][0]["distance"] == pytest.approx(111.2, abs=0.1)


async def test_nearest_can_be_open_with_room_and_fit_for_a_hazard(run: Running) -> None:
    assert await nearest(run, open="true") == ["A", "B", "D"]
    assert await nearest(run, open="false") == ["C"]
    assert await nearest(run, open="true", room="true") == ["A", "D"]
    assert await nearest(run, hazard="flood", open="true", room="true") == ["A"]


@pytest.mark.parametrize(
    "query",
    ["lat=95&lon=0", "lat=nan&lon=0", "lat=36", "lat=0&lon=0&hazard=war", "lat=0&lon=0&limit=0"],
)
async def test_a_bad_question_is_the_asker_s_mistake(run: Running, query: str) -> None:
    answer = await run.api.get(f"{URL}/nearest?{query}")
    assert answer.status_code == 422
    assert answer.json()["errors"]


async def test_a_count_is_served_and_published(run: Running) -> None:
    put = await run.api.put(f"{URL}/A/occupancy", json={"occupants": 98})
    assert put.status_code == 200
    served = (await run.api.get(f"{URL}/A")).json()
    assert put.json() == served
    assert (served["occupants"], served["vacancies"], served["open"]) == (98, 2, True)
    await run.said.until(
        lambda said: said.entities().get(served["id"], {}).get("occupants", {}).get("value") == 98
    )
    closed = await run.api.put(f"{URL}/A/occupancy", json={"open": False})
    assert (closed.json()["occupants"], closed.json()["open"]) == (98, False)
    assert await nearest(run, open="true") == ["B", "D"]


@pytest.mark.parametrize(
    ("body", "status"),
    [({"occupants": -1}, 422), ({"people": 3}, 422), ({}, 400), ({"occupants": 10**9}, 422)],
)
async def test_a_bad_count_is_refused(run: Running, body: dict[str, Any], status: int) -> None:
    assert (await run.api.put(f"{URL}/A/occupancy", json=body)).status_code == status
    assert (await run.api.get(f"{URL}/A")).json()["occupants"] == 40


async def test_the_later_word_counts(run: Running) -> None:
    await run.api.put(f"{URL}/A/occupancy", json={"occupants": 98})  # at 12:00 in Japan
    feed = "/disaster/v1/feeds/shelters"
    await run.api.put(feed, content=FILE.replace(b"T11:00", b"T11:59"))
    assert (await run.api.get(f"{URL}/A")).json()["occupants"] == 98
    await run.api.put(feed, content=FILE.replace(b"T11:00", b"T12:01"))
    assert (await run.api.get(f"{URL}/A")).json()["occupants"] == 40


async def test_a_count_is_kept_over_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        async with running(DisasterConnector, tmp_path, clock=lambda: NOW) as run:
            if not (await run.api.get(URL)).json()["total"]:
                await run.api.put("/disaster/v1/feeds/shelters", content=FILE)
                await run.api.put(f"{URL}/A/occupancy", json={"occupants": 98})
            assert (await run.api.get(f"{URL}/A")).json()["occupants"] == 98


async def test_a_count_by_another_process_is_seen(tmp_path: Path) -> None:
    """Two processes on one store."""
    url = f"sqlite+aiosqlite:///{tmp_path}"
    async with (
        running(DisasterConnector, tmp_path / "a", store_url=url, clock=lambda: NOW) as one,
        running(DisasterConnector, tmp_path / "b", store_url=url, clock=lambda: NOW) as other,
    ):
        for run in (one, other):
            await run.api.put("/disaster/v1/feeds/shelters", content=FILE)
        await one.api.put(f"{URL}/A/occupancy", json={"occupants": 98})
        async with asyncio.timeout(10):
            while (await other.api.get(f"{URL}/A")).json()["occupants"] != 98:
                await asyncio.sleep(0.05)


FAULTS = [
    ("A,", ",", "line 2 ID", "needed"),
    ("近い", " ", "line 2 名称", "needed"),
    ("36.5510", "", "line 2 緯度", "Only one"),
    ("36.5510", "1e999", "line 2 緯度", "not a number"),
    (",100,", ",百人,約3から5人,", "line 2", "cells"),
    (",100,", ",3から5人,", "line 2 想定収容人数", "not a number of persons"),
    ("開設,40", "満室,40", "line 2 開設状況", "none of"),
    (",40,", ",many,", "line 2 避難者数", "not a number of persons"),
    ("2026-06-01T11:00:00+09:00", "昨日", "line 2 更新日時", "not a time"),
    (",経度", ",緯度", "line 1 緯度", "twice"),
]


@pytest.mark.parametrize(("was", "becomes", "where", "what"), FAULTS)
def test_what_is_wrong_is_told_by_line_and_column(
    was: str, becomes: str, where: str, what: str
) -> None:
    text = FILE.decode()
    assert was in text
    with pytest.raises(Unprocessable) as refused:
        parse_shelters(text.replace(was, becomes, 1).encode())
    found = [(f.where, f.what) for f in refused.value.faults]
    assert any(place == where and what in said for place, said in found), found


@pytest.mark.parametrize("column", ["ID", "名称", "緯度", "経度"])
def test_a_missing_column_is_named(column: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        parse_shelters(FILE.replace(column.encode(), "別".encode(), 1))
    assert refused.value.faults[0].where == f"line 1 {column}"


def test_a_file_cut_within_a_line_is_refused() -> None:
    with pytest.raises(Unprocessable) as refused:
        parse_shelters(FILE[: FILE.index("地震のみ".encode())])
    assert refused.value.faults[0].where == "line 5"


def test_the_national_list_s_columns_are_known() -> None:
    header = "市町村コード,NO,施設・場所名,住所,洪水,地震,緯度,経度,備考"
    (found,) = parse_shelters(
        file("09999,1,公園,北町,1,,36.5,139.8,夜間閉鎖", header=header)
    ).values()
    assert (found.name, found.address, found.hazards) == ("公園", "北町", ("flood",))
    assert (found.open, found.occupants, found.note) == (None, None, "夜間閉鎖")


@given(raw=st.binary(max_size=200))
def test_any_bytes_are_shelters_or_a_problem(raw: bytes) -> None:
    with contextlib.suppress(Problem):
        parse_shelters(raw)


@given(text=st.text(alphabet='A1,.".\n\r人屋内外（)０年月日\x00', max_size=80), cp932=st.booleans())
def test_any_text_under_a_good_header_is_shelters_or_a_problem(text: str, cp932: bool) -> None:
    with contextlib.suppress(Problem):
        parse_shelters(f"{HEADER}\n{text}".encode("cp932" if cp932 else "utf-8"))


@pytest.mark.parametrize(
    ("text", "indoors", "outdoors"),
    [
        ("屋内480人／屋外3,350人(面積の1/2)", 480, 3350),
        ("屋内９０人／屋外１５７０人", 90, 1570),
        ("屋外200人", None, 200),
        ("1,200", 1200, None),
        ("約５００人", 500, None),
        ("480.0", 480, None),
        ("不明", None, None),
        ("", None, None),
    ],
)
def test_capacities(text: str, indoors: int | None, outdoors: int | None) -> None:
    assert capacities(text) == (indoors, outdoors)


def test_what_is_not_a_number_of_persons_is_not_guessed() -> None:
    assert capacities("3から5人") is None
    assert whole("1,20") is None
    assert whole("-5") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("人数_令和6年1月9日午後6時時点", datetime(2024, 1, 9, 18, tzinfo=JST)),
        ("令和元年５月１日午前０時", datetime(2019, 5, 1, 0, tzinfo=JST)),
        ("2024年1月9日12時30分", datetime(2024, 1, 9, 12, 30, tzinfo=JST)),
        ("午後12時は平成30年2月3日午後12時", datetime(2018, 2, 3, 12, tzinfo=JST)),
        ("2024年13月9日", None),
        ("人数", None),
    ],
)
def test_a_time_inside_a_text(text: str, expected: datetime | None) -> None:
    assert moment_in(text) == expected


def test_a_time_without_an_offset_is_japan_s() -> None:
    assert moment_of("2026-06-01T12:00:00") == datetime(2026, 6, 1, 12, tzinfo=JST)
    assert moment_of("2026-06-01T12:00:00Z") == datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_the_sample_city_s_shelters_live() -> None:
    before, after = sample.shelters(NOW), sample.shelters(NOW + timedelta(minutes=10))
    assert before != after
    assert sample.shelters(NOW) == before
    found = parse_shelters(before)
    assert len(found) == 15
    assert any(s.open and s.vacancies for s in found.values())
    assert any(s.vacancies == 0 and s.occupants for s in found.values())
    assert any(s.open is False for s in found.values())
    header = next(csv.reader(io.StringIO(before.decode())))
    assert "災害種別_崖崩れ、土石流及び地滑り" in header

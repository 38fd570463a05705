from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.administration.connector import AdministrationConnector
from connectors.administration.facilities import parse
from connectors.administration.sample import facilities
from schemas.problem import Problem, Unprocessable
from tests.connectors.harness import running

HEADER = "全国地方公共団体コード,ID,名称,名称_カナ,所在地_連結表記,緯度,経度,開始時間,備考"
LINE = "099999,F1,市役所,シヤクショ,みらい市中央1-1,36.55,139.88,8:30,"


def table(*lines: str, header: str = HEADER) -> bytes:
    return "\r\n".join((header, *lines, "")).encode()


def faults(raw: bytes) -> dict[str, str]:
    with pytest.raises(Unprocessable) as refused:
        parse(raw)
    return {fault.where: fault.what for fault in refused.value.faults}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_municipal_encodings_are_recognised(encoding: str) -> None:
    (one,) = parse(table(LINE).decode().encode(encoding))
    assert (one.name, one.name_kana, one.opens) == ("市役所", "シヤクショ", "08:30")


def test_the_older_data_set_s_columns_are_read() -> None:
    header = "都道府県コード又は市区町村コード,NO,名称,住所,方書,緯度,経度"
    (one,) = parse(table("099999,7,図書館,中央2-3,2階,36.5,139.8", header=header))
    assert one.id == "urn:ngsi-ld:PointOfInterest:099999:7"
    assert one.address == "中央2-3 2階"


def test_a_facility_without_coordinates_has_no_place() -> None:
    (one,) = parse(table(LINE.replace("36.55,139.88", ",")))
    assert one.location is None


@pytest.mark.parametrize(
    ("line", "where"),
    [
        (LINE.replace("36.55,139.88", "139.88,36.55"), "facilities.csv:2 緯度"),
        (LINE.replace("36.55", "north"), "facilities.csv:2 緯度"),
        (LINE.replace("36.55", "nan"), "facilities.csv:2 緯度"),
        (LINE.replace("36.55", ""), "facilities.csv:2 緯度"),
        (LINE.replace("市役所", ""), "facilities.csv:2 名称"),
        (LINE.replace("F1", ""), "facilities.csv:2 ID"),
        (LINE.replace("8:30", "half past eight"), "facilities.csv:2 開始時間"),
        (LINE + ",one too many", "facilities.csv:2"),
        (f"{LINE}\r\n{LINE}", "facilities.csv:3 ID"),
    ],
)
def test_what_is_wrong_is_named_with_line_and_column(line: str, where: str) -> None:
    assert where in faults(table(line))


def test_a_missing_column_is_named() -> None:
    header = HEADER.replace("経度", "けいど")
    assert "facilities.csv:1 経度" in faults(table(LINE, header=header))


def test_another_encoding_is_refused_with_its_line() -> None:
    raw = table(LINE, LINE.replace("F1", "F2"))
    broken = raw[: raw.index(b"F2") + 4] + b"\xff\xfd" + raw[raw.index(b"F2") + 4 :]
    (where,) = faults(broken)
    assert where == "facilities.csv:3"


def test_an_open_quotation_mark_is_refused() -> None:
    assert "facilities.csv:2" in faults(table('099999,F1,"市役所'))


@given(st.binary(max_size=300))
def test_any_bytes_are_facilities_or_a_problem(raw: bytes) -> None:
    for document in (raw, table(LINE) + raw):
        try:
            parse(document)
        except Problem as problem:
            assert problem.status == 422


async def test_the_file_comes_out_by_api_and_as_entities(tmp_path: Path) -> None:
    raw = Path(__file__).resolve().parents[3] / "connectors/administration/sample/facilities.csv"
    records = list(csv.DictReader(io.StringIO(raw.read_text("utf-8-sig"))))
    async with running(AdministrationConnector, tmp_path) as run:
        feed = "/administration/v1/feeds/facilities"
        assert (await run.api.put(feed, content=raw.read_bytes())).status_code == 200
        items = (await run.api.get("/administration/v1/facilities?limit=1000")).json()["items"]
        assert [(i["name"], i["nameEn"], i["telephone"]) for i in items] == [
            (r["名称"], r["名称_英字"], r["電話番号"]) for r in records
        ]
        for item, record in zip(items, records, strict=True):
            place = item.get("location", {"coordinates": ["", ""]})["coordinates"]
            wanted = [float(record[c]) if record[c] else "" for c in ("経度", "緯度")]
            assert place == wanted
        await run.said.until(lambda said: {i["id"] for i in items} <= set(said.entities()))
        one = run.said.entities()[items[0]["id"]]
        assert one["name"]["value"] == records[0]["名称"]
        assert one["location"] == {"type": "GeoProperty", "value": items[0]["location"]}

        half = raw.read_bytes()[:-150]
        refused = await run.api.put(feed, content=half)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["where"].startswith("facilities.csv:")
        assert (await run.api.get("/administration/v1/facilities")).json()["total"] == len(items)


async def test_one_facility_is_found_by_either_id(tmp_path: Path) -> None:
    async with running(AdministrationConnector, tmp_path) as run:
        url = "/administration/v1/facilities"
        await run.api.put(
            "/administration/v1/feeds/facilities", content=facilities(run.connector.clock())
        )
        by_id = (await run.api.get(f"{url}/PF0005")).json()
        assert by_id == (await run.api.get(f"{url}/{by_id['id']}")).json()
        assert by_id["name"] == "中央図書館"
        assert (await run.api.get(f"{url}/PF9999")).status_code == 404
        near = (await run.api.get(f"{url}?near=36.5544,139.8852&limit=1")).json()["items"]
        assert near == [{**by_id, "distance": 0.0}]

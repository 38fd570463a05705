"""公共施設一覧: public facilities in the municipal standard open-data CSV.

Columns of 自治体標準オープンデータセット (Digital Agency, 2023), and of the 推奨データセット that
came before it, which many municipalities still publish. A column that the standard requires must
be there even where its values are empty.
"""

from __future__ import annotations

import re
from typing import Final

from connectors.csvtable import MUNICIPAL, Row, degrees, read_table
from connectors.faults import Faults
from schemas.administration import PointOfInterest
from schemas.ngsild import Point, urn

STANDARD: Final = "公共施設一覧 (自治体標準オープンデータセット)"
FILE: Final = "facilities.csv"

_CODE: Final = ("全国地方公共団体コード", "都道府県コード又は市区町村コード")
_ID: Final = ("ID", "NO")
_ADDRESS: Final = ("所在地_連結表記", "住所")
_REQUIRED: Final = (_CODE, _ID, "名称", _ADDRESS, "緯度", "経度")
_TIME = re.compile(r"(\d{1,2})[:：](\d{2})(?:[:：]\d{2})?")
_MOST_HOURS: Final = 29
"""``29:00`` is five in the morning of the next day, as opening hours are written in Japan."""


def parse(raw: bytes) -> tuple[PointOfInterest, ...]:
    """The facilities in the file's order.

    Raises:
        Unprocessable: naming line and column of everything that is wrong.
    """
    faults = Faults(STANDARD)
    table = read_table(FILE, raw, faults, required=_REQUIRED, encodings=MUNICIPAL)
    found: dict[str, PointOfInterest] = {}
    for row in table.rows:
        facility = _facility(row, faults)
        if facility.id in found:
            faults.add(row.where("ID"), f"{row.get(*_ID)!r} is there already.")
        found[facility.id] = facility
    faults.check()
    return tuple(found.values())


def _facility(row: Row, faults: Faults) -> PointOfInterest:
    code, identity = row.get(*_CODE), row.get(*_ID)
    if not identity:
        faults.add(row.where("ID"), "There is no value.", "Give each facility an ID of its own.")
    return PointOfInterest(
        id=urn("PointOfInterest", code or "0", identity or "0"),
        municipality=code or None,
        name=row.needed("名称", faults),
        name_kana=row.get("名称_カナ") or None,
        name_en=row.get("名称_英字", "名称_英語") or None,
        address=_address(row),
        location=_location(row, faults),
        telephone=row.get("電話番号") or None,
        operator=row.get("団体名") or None,
        open_days=row.get("利用可能曜日") or None,
        opens=row.read("開始時間", _time, "a time such as 09:00", faults),
        closes=row.read("終了時間", _time, "a time such as 17:00", faults),
        hours_note=row.get("利用可能日時特記事項") or None,
        url=row.get("URL") or None,
        description=row.get("備考") or None,
    )


def _address(row: Row) -> str | None:
    parts = (row.get(*_ADDRESS), row.get("建物名等(方書)", "方書"))
    return " ".join(part for part in parts if part) or None


def _location(row: Row, faults: Faults) -> Point | None:
    """The place; None where neither coordinate is given."""
    latitude = row.read("緯度", degrees(90), "a latitude in degrees", faults)
    longitude = row.read("経度", degrees(180), "a longitude in degrees", faults)
    if bool(row.get("緯度")) != bool(row.get("経度")):
        faults.add(row.where("緯度"), "One coordinate is given without the other.")
    if latitude is None or longitude is None:
        return None
    return Point.at(latitude, longitude)


def _time(text: str) -> str:
    match = _TIME.fullmatch(text)
    if match is None or int(match[1]) > _MOST_HOURS or int(match[2]) > 59:
        raise ValueError(text)
    return f"{int(match[1]):02d}:{match[2]}"

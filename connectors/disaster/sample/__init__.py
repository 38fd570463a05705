"""The sample city's shelters, living, and an alert to try things with.

``alert.xml`` beside this file is a whole CAP message, ready for ``curl --data-binary``.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zlib import crc32

from connectors.disaster.japanese import JST

_HEADER: Final = (
    "全国地方公共団体コード,ID,地方公共団体名,名称,名称_カナ,名称_英字,所在地_連結表記,緯度,経度,標高,電話番号,"
    "災害種別_洪水,災害種別_崖崩れ、土石流及び地滑り,災害種別_高潮,災害種別_地震,災害種別_津波,"
    "災害種別_大規模な火事,災害種別_内水氾濫,災害種別_火山現象,想定収容人数,対象となる町会・自治会,"
    "開設状況,避難者数,更新日時"
)

_SHELTERS: Final = (
    # name, reading, English, address, lat, lon, elevation, hazards (columns' order), capacity
    ("北町小学校", "キタマチショウガッコウ", "Kitamachi Elementary School", "北町1-1",
     36.5658, 139.8850, 128, "11011110", 520),
    ("北ニュータウン集会所", "キタニュータウンシュウカイジョ", "Kita New Town Hall", "北町4-12",
     36.5702, 139.8867, 134, "11010010", 90),
    ("中央図書館", "チュウオウトショカン", "Central Library", "中央2-3",
     36.5573, 139.8826, 112, "10010110", 240),
    ("みらい市民会館", "ミライシミンカイカン", "Civic Hall", "中央1-8",
     36.5475, 139.8839, 106, "00010110", 610),
    ("東中学校", "ヒガシチュウガッコウ", "Higashi Junior High School", "東2-5",
     36.5517, 139.8911, 109, "11010110", 480),
    ("東公民館", "ヒガシコウミンカン", "Higashi Community Centre", "東1-9",
     36.5505, 139.8856, 107, "01010010", 150),
    ("物流センター体育館", "ブツリュウセンタータイイクカン", "Logistics Centre Gymnasium", "東5-20",
     36.5524, 139.8970, 111, "10010100", 330),
    ("南体育館", "ミナミタイイクカン", "Minami Gymnasium", "南3-2",
     36.5389, 139.8771, 103, "01010110", 700),
    ("南小学校", "ミナミショウガッコウ", "Minami Elementary School", "南1-14",
     36.5433, 139.8801, 104, "11010110", 460),
    ("川沿い集会所", "カワゾイシュウカイジョ", "Kawazoi Hall", "川沿い2-2",
     36.5345, 139.8755, 98, "00010000", 70),
    ("西高校", "ニシコウコウ", "Nishi High School", "西3-7",
     36.5492, 139.8686, 118, "11011110", 850),
    ("西公民館", "ニシコウミンカン", "Nishi Community Centre", "西1-4",
     36.5497, 139.8741, 113, "11010110", 160),
    ("みらい大学記念館", "ミライダイガクキネンカン", "Mirai University Memorial Hall", "学園1-1",
     36.5487, 139.8626, 126, "11010111", 980),
    ("森の集会所", "モリノシュウカイジョ", "Mori Hall", "森5-3",
     36.5475, 139.8565, 141, "10010001", 60),
    ("城址公園広場", "ジョウシコウエンヒロバ", "Castle Ruins Park", "本丸1",
     36.5552, 139.8749, 131, "11010111", 1500),
)  # fmt: skip

_CODE, _CITY = "099999", "みらい市"
_STEP: Final = 180  # seconds between two counts at one shelter
_OPEN_OF_FIVE: Final = 3
_FULL: Final = 6


def shelters(moment: datetime) -> bytes:
    """The shelters' CSV. At each shelter people are counted anew every three minutes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_HEADER.split(","))
    for number, shelter in enumerate(_SHELTERS, 1):
        name, kana, english, address, lat, lon, elevation, hazards, capacity = shelter
        counted = _counted(number, moment)
        is_open = number % 5 < _OPEN_OF_FIVE
        people = _people(number, capacity, counted) if is_open else 0
        writer.writerow(
            (
                _CODE, f"S{number:03}", _CITY, name, kana, english, _CITY + address, lat, lon,
                elevation, f"0280-99-{1000 + number}", *(h.replace("0", "") for h in hazards),
                capacity, "", "開設" if is_open else "未開設", people, counted.isoformat(),
            )
        )  # fmt: skip
    return text.getvalue().encode()


def _counted(number: int, moment: datetime) -> datetime:
    """When people were last counted at a shelter: not everywhere at once."""
    phase = number * _STEP // len(_SHELTERS)
    seconds = (int(moment.timestamp()) - phase) // _STEP * _STEP + phase
    return datetime.fromtimestamp(seconds, JST)


def _people(number: int, capacity: int, counted: datetime) -> int:
    """Between a tenth and 60 % of the places; one shelter is full."""
    if number == _FULL:
        return capacity
    part = crc32(f"{number} {counted.timestamp()}".encode()) % 20 - 10
    return capacity * (35 + 25 * (number % 3 - 1) + part) // 100 if capacity else 0


def alert(
    moment: datetime,
    *,
    identifier: str = "",
    status: str = "Actual",
    kind: str = "Alert",
    references: str = "",
    expires: timedelta | None = None,
) -> bytes:
    """``alert.xml`` as sent at ``moment``.

    Args:
        identifier: of the message; made from the moment without.
        status, kind, references: CAP ``status``, ``msgType`` and ``references``.
        expires: how long after ``moment`` it ends; never told without.
    """
    sent = moment.astimezone(JST).replace(microsecond=0)
    text = (Path(__file__).parent / "alert.xml").read_text(encoding="utf-8")
    text = text.replace("mirai-flood-0001", identifier or f"mirai-flood-{sent:%Y%m%d%H%M%S}")
    text = text.replace("2026-04-01T09:30:00+09:00", sent.isoformat())
    text = text.replace(">Actual<", f">{status}<").replace(">Alert<", f">{kind}<")
    if references:
        told = f"<scope>Public</scope>\n  <references>{references}</references>"
        text = text.replace("<scope>Public</scope>", told)
    if expires:
        told = f"<expires>{(sent + expires).isoformat()}</expires>\n    <senderName>"
        text = text.replace("<senderName>", told)
    return text.encode()

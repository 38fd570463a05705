from __future__ import annotations

import contextlib
from math import cos, radians

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.disaster.reader import read_alert
from connectors.geo import distance
from schemas.ngsild import MultiPolygon, Point, Polygon
from schemas.problem import Problem, Unprocessable
from tests.connectors.disaster.documents import (
    EMPTY_BODY,
    INFORMATION,
    SQUARE,
    cap,
    jma,
    quake,
    tsunami,
    weather,
)


def refused(raw: bytes) -> list[tuple[str, str]]:
    with pytest.raises(Unprocessable) as problem:
        read_alert(raw)
    return [(fault.where, fault.what) for fault in problem.value.faults]


# --- CAP


def test_a_polygon_is_geojson_longitude_first() -> None:
    (area,) = read_alert(cap()).told["areas"]
    assert isinstance(area.geometry, Polygon)
    assert area.geometry.coordinates[0][0] == (139.80, 36.50)


def test_a_circle_is_drawn_and_told() -> None:
    told = read_alert(cap(shape="<circle>36.55,139.88 2.5</circle>")).told
    (area,) = told["areas"]
    assert (area.circles[0].centre, area.circles[0].radius) == (Point.at(36.55, 139.88), 2500.0)
    for longitude, latitude in told["location"].coordinates[0]:
        assert distance((36.55, 139.88), (latitude, longitude)) == pytest.approx(2500, abs=1)


def test_a_circle_without_a_radius_is_a_point() -> None:
    told = read_alert(cap(shape="<circle>-16.053,-173.274 0.0</circle>")).told
    assert told["location"] == Point.at(-16.053, -173.274)


def test_several_areas_are_one_location() -> None:
    shapes = SQUARE + "<circle>36.0,139.0 1</circle>"
    assert isinstance(read_alert(cap(shape=shapes)).told["location"], MultiPolygon)


def test_the_gravest_info_gives_the_words_and_the_last_expiry_counts() -> None:
    raw = cap(severity="Minor", expires="2026-06-01T13:00:00+09:00").decode()
    other = cap(severity="Extreme", expires="2026-06-01T15:00:00+09:00").decode()
    info = other[other.index("<info>") : other.index("</info>") + 7]
    told = read_alert(raw.replace("<info>", info + "<info>", 1).encode()).told
    assert told["severity"] == "extreme"
    assert told["expires"].hour == 15


CAP_FAULTS = [
    ("<status>Actual<", "<status>Real<", "/alert (line 2)/status", "none of: Actual"),
    ("<scope>Public<", "<scope>Private<", "/alert (line 2)/scope", "none of: Public"),
    (">Alert<", ">Ack<", "/alert (line 2)/msgType", "none of: Alert"),
    ("<sender>city@example", "<sender>a b", "/alert (line 2)/sender", "spaces"),
    ("<sender>city@example</sender>", "", "/alert (line 2)/sender", "missing"),
    ("12:00:00+09:00", "12:00:00", "/alert (line 2)/sent", "offset"),
    (">Severe<", ">Bad<", "/alert/info[1] (line 5)/severity", "none of: Extreme"),
    ("<event>洪水</event>", "", "/alert/info[1] (line 5)/event", "missing"),
    ("36.60,139.80 36.50,139.80<", "36.60,139.80<", "polygon[1] (line 8)", "equal to the first"),
    ("36.50,139.90", "96.50,139.90", "polygon[1] (line 8)", "not latitude,longitude"),
    ("36.50,139.90", "nan,139.90", "polygon[1] (line 8)", "not latitude,longitude"),
]


@pytest.mark.parametrize(("was", "becomes", "where", "what"), CAP_FAULTS)
def test_a_wrong_cap_message_is_told_where(was: str, becomes: str, where: str, what: str) -> None:
    raw = cap().decode()
    assert was in raw
    faults = refused(raw.replace(was, becomes, 1).encode())
    assert any(place.endswith(where) and what in said for place, said in faults), faults


def test_an_alert_without_info_is_refused_but_a_cancellation_is_not() -> None:
    assert "needs an info" in refused(cap(info=False))[0][1]
    assert read_alert(cap(info=False, kind="Cancel", refers=(("a0", 0),))).about is False


# --- JMA


@pytest.mark.parametrize(
    ("most", "severity", "urgency"),
    [("7", "extreme", "immediate"), ("5-", "severe", "immediate"), ("4", "moderate", "past")],
)
def test_a_quake_is_as_grave_as_its_intensity(most: str, severity: str, urgency: str) -> None:
    told = read_alert(quake(most)).told
    assert (told["severity"], told["urgency"]) == (severity, urgency)
    assert told["areas"][0].name == "みらい県南部"


@pytest.mark.parametrize(
    ("kind", "severity"),
    [("大津波警報", "extreme"), ("津波警報", "severe"), ("津波注意報", "moderate")],
)
def test_a_tsunami_warning_names_its_regions(kind: str, severity: str) -> None:
    report = read_alert(tsunami(("岩手県", kind), ("茨城県", "津波注意報"), ("千葉県", "津波なし")))
    told = report.told
    assert (told["severity"], told["urgency"]) == (severity, "immediate")
    assert [(a.name, a.level) for a in told["areas"]] == [
        ("岩手県", f"{kind}（３ｍ）"),
        ("茨城県", "津波注意報（３ｍ）"),
    ]
    assert told["location"] == Point.at(38.1, 142.9)
    assert report.ends is None and report.stays is None  # it counts until it is lifted


def test_a_tsunami_warning_that_is_lifted_everywhere_is_a_cancellation() -> None:
    assert (
        read_alert(tsunami(("岩手県", "警報解除"), ("茨城県", "津波注意報解除"))).kind == "cancel"
    )


def test_weather_warnings_are_by_municipality() -> None:
    told = read_alert(weather(("大雨特別警報", "発表"), ("雷注意報", "継続"))).told
    assert (told["category"], told["event"], told["severity"]) == ("met", "大雨特別警報", "extreme")
    assert [(a.name, a.codes[0].value, a.level) for a in told["areas"]] == [
        ("みらい市", "0999900", "大雨特別警報、雷注意報")
    ]


def test_weather_warnings_that_are_lifted_do_not_count() -> None:
    some = read_alert(weather(("大雨警報", "解除"), ("強風注意報", "継続")))
    assert (some.kind, some.told["event"]) == ("told", "強風注意報")
    assert read_alert(weather(("大雨警報", "解除"))).kind == "cancel"
    none = weather(("", "発表警報・注意報はなし"))
    assert read_alert(none).kind == "cancel"


def test_weather_warnings_have_no_event_and_follow_by_their_title() -> None:
    one, other = weather(("大雨警報", "発表")), weather(("大雨警報", "発表"), head="隣県気象警報")
    assert read_alert(one).replaces != read_alert(other).replaces


@pytest.mark.parametrize(
    ("status", "expected"), [("通常", "actual"), ("訓練", "exercise"), ("試験", "test")]
)
def test_a_telegram_s_status_is_kept(status: str, expected: str) -> None:
    assert read_alert(quake(status=status)).status == expected


def test_an_unknown_status_is_refused_rather_than_taken_for_real() -> None:
    assert "none of: 通常" in refused(quake(status="本番"))[0][1]


def test_an_epicentre_that_is_not_on_the_earth_is_refused() -> None:
    raw = tsunami(("岩手県", "津波警報")).replace(b"+38.1", b"+98.1")
    assert "not a place" in refused(raw)[0][1]


def test_other_telegrams_are_read_by_their_headline() -> None:
    volcano = EMPTY_BODY.replace("seismology1", "volcanology1")
    told = read_alert(jma(volcano, title="噴火警報・予報", information=INFORMATION)).told
    assert (told["event"], told["severity"]) == ("噴火警報（居住地域）", "severe")
    assert told["category"] == "geo"
    assert [(a.name, a.codes[0].value) for a in told["areas"]] == [("みらい市", "0999900")]


def test_a_telegram_that_warns_of_nothing_is_no_alert() -> None:
    forecast = EMPTY_BODY.replace("seismology1", "meteorology1")
    assert "no alert" in refused(jma(forecast, title="府県天気予報"))[0][1]


# --- XML

ATTACKS = {
    "entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    "laughs": '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    "remote": '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/evil.dtd">',
    "parameter": '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/p">%p;]>',
    "harmless": "<!DOCTYPE alert>",
}


@pytest.mark.parametrize("doctype", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_document_type_declaration_is_refused(doctype: str) -> None:
    raw = cap(headline="&x;" if "ENTITY x" in doctype else "避難").decode()
    faults = refused(raw.replace("?>", f"?>{doctype}", 1).encode())
    assert any("document type declarations are not accepted" in what for _, what in faults) or (
        "Not well-formed" in faults[0][1]
    )
    assert "root:" not in str(faults)


def test_utf_16_does_not_hide_a_declaration() -> None:
    raw = cap().decode().replace('encoding="UTF-8"?>', 'encoding="UTF-16"?><!DOCTYPE alert>', 1)
    assert "document type declarations are not accepted" in refused(raw.encode("utf-16"))[0][1]


@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
def test_a_truncated_document_is_refused_with_its_line(part: float) -> None:
    raw = cap()
    ((where, what),) = refused(raw[: int(len(raw) * part)])
    assert where.startswith("line ") and "Not well-formed" in what


def test_another_encoding_than_declared_is_refused() -> None:
    assert "Not well-formed" in refused(cap().decode().encode("cp932"))[0][1]


def test_a_declared_encoding_is_read() -> None:
    raw = cap().decode().replace("UTF-8", "Shift_JIS").encode("cp932")
    assert read_alert(raw).told["headline"] == "避難"


def test_a_deep_document_is_refused() -> None:
    assert "Not well-formed" in refused(b"<a>" * 5000 + b"</a>" * 5000)[0][1]


def test_very_many_corners_are_refused() -> None:
    circles = "<circle>36,139 1</circle>" * 300
    assert "corners" in refused(cap(shape=circles))[-1][1]


def test_a_document_is_the_same_in_another_layout_and_another_with_other_words() -> None:
    raw = cap().decode()
    first = read_alert(raw.encode()).digest
    assert read_alert(raw.replace("\n", "\n\n").encode()).digest == first
    assert read_alert(raw.replace("UTF-8", "Shift_JIS").encode("cp932")).digest == first
    assert read_alert(raw.replace("避難", "非難").encode()).digest != first
    assert read_alert(raw.replace("川沿い", "川").encode()).digest != first


def test_a_relative_namespace_is_no_failure() -> None:
    raw = cap().decode().replace("<info>", '<info><x xmlns="/relative"/>', 1)
    assert read_alert(raw.encode()).digest


@given(raw=st.binary(max_size=300))
def test_any_bytes_are_a_report_or_a_problem(raw: bytes) -> None:
    with pytest.raises(Problem):
        read_alert(raw)


_DOCUMENTS = (cap(), quake(), tsunami(("岩手県", "津波警報")), weather(("大雨警報", "発表")))


@given(
    raw=st.sampled_from(_DOCUMENTS),
    start=st.integers(0, 2500),
    size=st.integers(0, 30),
    text=st.text(alphabet="<>/ae0.+-,訓", max_size=10),
)
def test_a_damaged_document_is_a_report_or_a_problem(
    raw: bytes, start: int, size: int, text: str
) -> None:
    damaged = raw[:start] + text.encode() + raw[start + size :]
    with contextlib.suppress(Problem):
        read_alert(damaged)


@given(latitude=st.floats(-80, 80), longitude=st.floats(-180, 180), km=st.floats(0.001, 500))
def test_a_drawn_circle_is_closed_and_round(latitude: float, longitude: float, km: float) -> None:
    told = read_alert(cap(shape=f"<circle>{latitude:.6f},{longitude:.6f} {km:.4f}</circle>")).told
    (ring,) = told["location"].coordinates
    assert ring[0] == ring[-1]
    rounding = 0.12 * max(1.0, 1 / cos(radians(latitude)))  # of coordinates to a millionth degree
    centre = (float(f"{latitude:.6f}"), float(f"{longitude:.6f}"))
    for lon, lat in ring:
        assert distance(centre, (lat, lon)) == pytest.approx(
            float(f"{km:.4f}") * 1000, abs=rounding
        )

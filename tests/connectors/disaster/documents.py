"""Alert documents for tests."""

from __future__ import annotations

CAP = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>{identifier}</identifier><sender>city@example</sender><sent>{sent}</sent>
  <status>{status}</status><msgType>{kind}</msgType><scope>Public</scope>{references}
  {info}
</alert>"""

INFO = """<info><language>ja</language><category>Met</category><event>洪水</event>
  <urgency>Immediate</urgency><severity>{severity}</severity><certainty>Likely</certainty>{expires}
  <headline>{headline}</headline>
  <area><areaDesc>川沿い</areaDesc>{shape}</area></info>"""

SQUARE = "<polygon>36.50,139.80 36.50,139.90 36.60,139.90 36.60,139.80 36.50,139.80</polygon>"


def cap(
    identifier: str = "a1",
    *,
    minute: int = 0,
    status: str = "Actual",
    kind: str = "Alert",
    refers: tuple[tuple[str, int], ...] = (),
    severity: str = "Severe",
    headline: str = "避難",
    expires: str = "",
    shape: str = SQUARE,
    info: bool = True,
) -> bytes:
    """A CAP message sent at 2026-06-01T12:``minute`` in Japan.

    Args:
        refers: (identifier, minute) of the messages that it is about.
    """
    triples = " ".join(f"city@example,{name},{sent(at)}" for name, at in refers)
    told = INFO.format(
        severity=severity,
        headline=headline,
        expires=f"<expires>{expires}</expires>" if expires else "",
        shape=shape,
    )
    return CAP.format(
        identifier=identifier,
        sent=sent(minute),
        status=status,
        kind=kind,
        references=f"<references>{triples}</references>" if triples else "",
        info=told if info else "",
    ).encode()


def sent(minute: int) -> str:
    return f"2026-06-01T12:{minute:02}:00+09:00"


JMA = """<?xml version="1.0" encoding="UTF-8"?>
<Report xmlns="http://xml.kishou.go.jp/jmaxml1/">
<Control><Title>{title}</Title><DateTime>2026-06-01T03:{minute:02}:30Z</DateTime>
<Status>{status}</Status><EditorialOffice>気象庁本庁</EditorialOffice>
<PublishingOffice>気象庁</PublishingOffice></Control>
<Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/">
<Title>{head}</Title><ReportDateTime>2026-06-01T12:{minute:02}:00+09:00</ReportDateTime>
<TargetDateTime>2026-06-01T12:{minute:02}:00+09:00</TargetDateTime>
<EventID>{event}</EventID><InfoType>{kind}</InfoType><Serial>{serial}</Serial>
<InfoKind>x</InfoKind><InfoKindVersion>1.0_1</InfoKindVersion>
<Headline><Text>{text}</Text>{information}</Headline></Head>
{body}
</Report>"""

TSUNAMI_BODY = """<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/seismology1/"
 xmlns:jmx_eb="http://xml.kishou.go.jp/jmaxml1/elementBasis1/">
<Tsunami><Forecast>{items}</Forecast></Tsunami>
<Earthquake><OriginTime>2026-06-01T11:58:00+09:00</OriginTime><Hypocenter><Area><Name>三陸沖</Name>
<Code type="震央地名">288</Code><jmx_eb:Coordinate>+38.1+142.9-24000/</jmx_eb:Coordinate>
</Area></Hypocenter></Earthquake></Body>"""

TSUNAMI_ITEM = """<Item><Area><Name>{name}</Name><Code>{code}</Code></Area><Category><Kind>
<Name>{kind}</Name><Code>{number}</Code></Kind></Category>
<MaxHeight><jmx_eb:TsunamiHeight description="{height}">3</jmx_eb:TsunamiHeight>
</MaxHeight></Item>"""

WEATHER_BODY = """<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/meteorology1/">
<Warning type="気象警報・注意報（府県予報区等）"><Item><Kind><Name>大雨警報</Name><Code>03</Code>
</Kind><Area><Name>みらい県</Name><Code>090000</Code></Area></Item></Warning>
<Warning type="気象警報・注意報（市町村等）">{items}</Warning></Body>"""

QUAKE_BODY = """<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/seismology1/">
<Intensity><Observation><MaxInt>{most}</MaxInt><Pref><Name>みらい県</Name><Code>09</Code>
<MaxInt>{most}</MaxInt><Area><Name>みらい県南部</Name><Code>999</Code><MaxInt>{most}</MaxInt></Area>
</Pref></Observation></Intensity></Body>"""

INFORMATION = """<Information type="噴火警報・予報（対象市町村等）"><Item>
<Kind><Name>噴火警報（居住地域）</Name><Code>01</Code></Kind>
<Areas codeType="気象・地震・火山情報／市町村等">
<Area><Name>みらい市</Name><Code>0999900</Code></Area>
</Areas></Item></Information>"""

EMPTY_BODY = '<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/seismology1/"/>'


def jma(
    body: str,
    *,
    title: str = "震度速報",
    head: str = "震度速報",
    event: str = "20260601115800",
    kind: str = "発表",
    serial: str = "1",
    status: str = "通常",
    minute: int = 0,
    text: str = "地震がありました。",
    information: str = "",
) -> bytes:
    """A telegram reported at 2026-06-01T12:``minute`` in Japan."""
    return JMA.format(
        title=title, head=head, event=event, kind=kind, serial=serial, status=status,
        minute=minute, text=text, information=information, body=body,
    ).encode()  # fmt: skip


def quake(most: str = "5-", **head: object) -> bytes:
    return jma(QUAKE_BODY.format(most=most), **head)  # type: ignore[arg-type]


def tsunami(*regions: tuple[str, str], **head: object) -> bytes:
    """Regions: (name, kind)."""
    items = "".join(
        TSUNAMI_ITEM.format(name=name, code=200 + i, kind=kind, number="52", height="３ｍ")
        for i, (name, kind) in enumerate(regions)
    )
    names = {"title": "津波警報・注意報・予報a", "head": "津波警報"}
    return jma(TSUNAMI_BODY.format(items=items), **{**names, **head})  # type: ignore[arg-type]


def weather(*kinds: tuple[str, str], **head: object) -> bytes:
    """Kinds: (name, status), all of みらい市."""
    told = "".join(
        f"<Kind><Name>{name}</Name><Code>03</Code><Status>{status}</Status></Kind>"
        for name, status in kinds
    )
    item = f"<Item>{told}<Area><Name>みらい市</Name><Code>0999900</Code></Area></Item>"
    names = {"title": "気象警報・注意報（Ｈ２７）", "head": "みらい県気象警報・注意報", "event": ""}
    return jma(WEATHER_BODY.format(items=item), **{**names, **head})  # type: ignore[arg-type]

"""What guidance says in words, in Japanese and English."""

from __future__ import annotations

from typing import Final

from services.evacuation.hazards import japanese

_ON_FOOT: Final = {
    # 避難情報に関するガイドライン (Cabinet Office 2021) and JMA's leaflets, hazard by hazard
    "flood": (
        "川や用水路に近づかず、歩いて避難してください。移動が危険なら建物の高い階へ。",
        "Keep away from rivers and channels and walk; if the way is dangerous, go upstairs.",
    ),
    "inland-flood": (
        "冠水した道路や地下を避け、歩いて避難してください。移動が危険なら建物の高い階へ。",
        "Avoid flooded roads and basements and walk; if the way is dangerous, go upstairs.",
    ),
    "landslide": (
        "がけや沢から離れ、歩いて避難してください。移動が危険ならがけと反対側の高い部屋へ。",
        "Keep away from slopes and streams; if you cannot leave, go to an upper room away from "
        "the slope.",
    ),
    "tsunami": (
        "ただちに海や川から離れ、できるだけ高い場所へ。警報が解除されるまで戻らないでください。",
        "Leave the shore and rivers at once for the highest ground you can reach; do not return "
        "until the warning is lifted.",
    ),
    "storm-surge": (
        "海岸や河口から離れ、高い場所へ歩いて避難してください。",
        "Keep away from the shore and river mouths and walk to higher ground.",
    ),
    "earthquake": (
        "まず身の安全を守り、揺れがおさまってから落ち着いて避難してください。",
        "Protect yourself first; leave calmly once the shaking has stopped.",
    ),
    "fire": (
        "風下を避け、風向きと直角の方向へ、煙を吸わないよう低い姿勢で避難してください。",
        "Move across the wind, never down it; stay low, out of the smoke.",
    ),
    "volcano": (
        "火口や谷から離れ、頭と口を守って避難してください。",
        "Keep away from the crater and valleys; cover your head and mouth.",
    ),
}
_AWAY: Final = ("危険な場所から離れてください。", "Leave the danger area.")
_NOT_AN_ORDER: Final = (
    "これは市長の避難指示ではありません。市の指示があればそれに従ってください。",
    "This is not an evacuation instruction; follow the city's instructions where given.",
)
_NO_SHELTER: Final = (
    "近くに空きのある避難場所が見つかりません。その場で最も安全な場所に移動してください。",
    "No shelter with room was found nearby; move to the safest place where you are.",
)


def advice(hazard: str, shelter: str) -> tuple[str, str]:
    """One paragraph in Japanese and one in English.

    Args:
        hazard: of :data:`~services.evacuation.hazards.HAZARDS`, or empty.
        shelter: name of the first shelter; empty when there is none.
    """
    way_ja, way_en = _ON_FOOT.get(hazard, _AWAY)
    go_ja, go_en = (
        (f"{japanese(hazard)}に対応した避難場所へ: {shelter}。", f"Go to: {shelter}.")
        if shelter
        else _NO_SHELTER
    )
    return " ".join((go_ja, way_ja, _NOT_AN_ORDER[0])), " ".join((go_en, way_en, _NOT_AN_ORDER[1]))

"""What personal data may be used for: the city's controlled list of purposes.

A consent is always for one of these, and a resident reads its words before saying yes: Japanese,
English, and plain Japanese (やさしい日本語). Each names the term of the W3C Data Privacy Vocabulary
(DPV 2.0) that it is a kind of, for receipts (ISO/IEC TS 27560). The words that were shown are part
of what was agreed to: whoever changes them raises :data:`VERSION`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

VERSION: Final = "2026-11-24"
"""Version of the words below, kept with every consent."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """One purpose.

    Attributes:
        id: what tokens, receipts and the audit log say.
        ja, en, easy: what residents read; ``easy`` is plain Japanese.
        dpv: term of the Data Privacy Vocabulary, without its prefix.
    """

    id: str
    ja: str
    en: str
    easy: str
    dpv: str


SERVICE: Final = "service-provision"
"""What a client's purpose is when it registered none."""
OWN: Final = "own-access"
"""Not consented to: residents read what is theirs (APPI Art. 33)."""
VITAL: Final = "vital-interest"
"""Not consented to: for an emergency disclosure alone (APPI Art. 27 (1) ii)."""

PURPOSES: Final = {
    purpose.id: purpose
    for purpose in (
        Purpose(
            SERVICE,
            "ご本人が申し込んだサービスの提供",
            "Providing the service that you asked for",
            "あなたが 申しこんだ サービスを つかうため",
            "ServiceProvision",
        ),
        Purpose(
            "care",
            "診療・介護",
            "Medical treatment and care",
            "病院で みてもらう ため・介護を うける ため",
            "ServiceProvision",
        ),
        Purpose(
            "transport-to-care",
            "通院のための送迎の手配",
            "Arranging transport to a medical appointment",
            "病院へ 行く 車を よぶ ため",
            "DeliveryOfGoods",
        ),
        Purpose(
            "public-benefits",
            "給付・手続の審査と案内",
            "Deciding on benefits and procedures, and telling you of them",
            "役所の 手つづきや お金の 支援の ため",
            "PublicBenefit",
        ),
        Purpose(
            "schooling",
            "就学・学習の支援",
            "Schooling and support of learning",
            "学校と 勉強を たすける ため",
            "ServiceProvision",
        ),
        Purpose(
            "payment",
            "支払いと精算",
            "Payment and settlement",
            "お金を はらう ため",
            "PaymentManagement",
        ),
        Purpose(
            "evacuation-support",
            "災害時の避難の支援",
            "Support in an evacuation",
            "災害の とき にげるのを たすける ため",
            "PublicBenefit",
        ),
        Purpose(
            "personalisation",
            "ご本人に合わせた案内",
            "Advice that fits you",
            "あなたに あった お知らせを する ため",
            "Personalisation",
        ),
    )
}
"""By id."""

VITAL_PURPOSE: Final = Purpose(
    VITAL,
    "生命・身体の保護（緊急時）",
    "Protecting life in an emergency",
    "いのちを まもる ため（災害などの とき）",
    "VitalInterest",
)

OWN_PURPOSE: Final = Purpose(
    OWN,
    "ご本人による自分のデータの確認",
    "Reading your own data yourself",
    "あなたが じぶんの データを 見る ため",
    "RightsFulfilment",
)
_NOT_CONSENTED: Final = {one.id: one for one in (VITAL_PURPOSE, OWN_PURPOSE)}


def purpose_of(name: str) -> Purpose | None:
    """The purpose of this id, those included to which nobody consents."""
    return _NOT_CONSENTED.get(name) or PURPOSES.get(name)


def known_purpose(name: str) -> str:
    """``name``, if it is one that can be consented to.

    Raises:
        ValueError: it is none; which there are.
    """
    if name not in PURPOSES:
        raise ValueError(f"{name[:60]!r} is no purpose; there are {', '.join(PURPOSES)}")
    return name

"""Receipts of consents (ISO/IEC TS 27560:2023) that residents and apps keep: JSON-LD, signed.

In the terms of the W3C Data Privacy Vocabulary (DPV 2) and its guide to TS 27560
(https://w3id.org/dpv/guides/consent-27560). The signature is a JWS (RFC 7515) over the very bytes
of the receipt, by a key that is in the platform's JWK set as long as the platform lives; its
``typ`` keeps it from ever being taken for a token (RFC 8725 §3.11).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import OKPKey
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.consent.records import Given
from gateway.control.oauth import clients
from gateway.control.secrets import Secrets
from gateway.control.state import Control
from schemas.purposes import Purpose, purpose_of

TYPE: Final = "consent-receipt+jws"
ALG: Final = "Ed25519"
"""RFC 9864: by name, where `EdDSA` left the curve open."""
_CONTEXT: Final = {
    "dpv": "https://w3id.org/dpv#",
    "loc": "https://w3id.org/dpv/loc#",
    "dct": "http://purl.org/dc/terms/",
}
_TAGS: Final = {"ja": "ja", "en": "en", "easy": "ja-x-easy"}


def key(secrets: Secrets) -> OKPKey:
    """The Ed25519 key that signs receipts: derived, so that it is the same for ever."""
    private = Ed25519PrivateKey.from_private_bytes(secrets.receipt_seed())
    made = OKPKey.import_key(private, {"use": "sig", "alg": ALG})
    made.ensure_kid()
    return made


def published(secrets: Secrets) -> dict[str, Any]:
    """It, as it is in the JWK set."""
    return dict(key(secrets).as_dict(private=False))


async def made(control: Control, connection: AsyncConnection, given: Given) -> dict[str, Any]:
    """The receipt of a consent as it stands now.

    Returns:
        ``receipt`` to read, ``jws`` to prove it: the signature is over these very members.
    """
    receipt = await _receipt(control, connection, given)
    signer = key(control.secrets)
    header = {"alg": ALG, "kid": signer.kid, "typ": TYPE, "cty": "ld+json"}
    signed = jws.serialize_compact(header, orjson.dumps(receipt), signer, algorithms=[ALG])
    return {"receipt": receipt, "jws": signed}


async def _receipt(control: Control, connection: AsyncConnection, given: Given) -> dict[str, Any]:
    client = await clients.find(connection, given.client_id)
    address = f"{control.public_url}/my"
    return {
        "@context": _CONTEXT,
        "@id": f"urn:uuid:{given.consent_id}",
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#receipt",
        "dct:identifier": given.consent_id,
        "dct:created": _moment(control.now()),
        "dpv:hasDataSubject": {
            "@type": "dpv:DataSubject",
            # as this app knows the resident, and no other one
            "dct:identifier": control.pseudonyms.of(given.resident_id, f"client:{given.client_id}"),
        },
        "dpv:hasDataController": {
            "@type": "dpv:DataController",
            "dpv:hasName": "City data platform データ連携基盤",
            "dpv:hasContact": control.public_url,
        },
        "dpv:hasRecipient": {
            "@type": "dpv:ThirdParty",
            "dct:identifier": given.client_id,
            "dpv:hasName": client.name if client else given.client_id,
            "dpv:isRepresentativeFor": given.organisation,
        },
        "dpv:hasNotice": await _notice(connection, given),
        "dpv:hasProcess": _process(given),
        "dpv:hasJurisdiction": "loc:JP",
        "dpv:hasConsentControl": {
            "@type": "dpv:WithdrawConsent",
            "dpv:isExercisedAt": address,
        },
        "dpv:hasRecordOfActivity": _events(given),
    }


def _process(given: Given) -> dict[str, Any]:
    purpose = purpose_of(given.purpose)
    data: dict[str, Any] = {"@type": "dpv:PersonalData", "dct:identifier": given.dataset}
    if given.fields:
        data["dct:hasPart"] = list(given.fields)
    process: dict[str, Any] = {
        "@type": "dpv:Process",
        "dpv:hasPurpose": {
            "@type": f"dpv:{purpose.dpv}" if purpose else "dpv:Purpose",
            "dct:identifier": given.purpose,
            "dct:title": _in_words(purpose) if purpose else [],
        },
        "dpv:hasPersonalData": data,
        "dpv:hasProcessing": "dpv:Disclose",
        "dpv:hasLegalBasis": "dpv:ExpressedConsent",
        # an interval (ISO 8601-1 §5.5.2)
        "dct:valid": f"{_moment(given.created)}/{_moment(given.until)}",
    }
    if given.recipients:
        # who acts with it, by token exchange (RFC 8693)
        process["dpv:hasRecipient"] = [
            {"@type": "dpv:ThirdParty", "dct:identifier": one} for one in given.recipients
        ]
    if given.combination:
        process["dpv:hasContext"] = [f"together: {domain}" for domain in given.combination]
    return process


def _in_words(purpose: Purpose) -> list[dict[str, str]]:
    return [
        {"@language": "ja", "@value": purpose.ja},
        {"@language": "en", "@value": purpose.en},
    ]


async def _notice(connection: AsyncConnection, given: Given) -> dict[str, Any]:
    """The very words that were shown."""
    table = tables.consent_texts
    found = await connection.execute(select(table).where(table.c.hash == given.text_hash))
    notice: dict[str, Any] = {"@type": "dpv:ConsentNotice", "dct:identifier": given.text_hash}
    if row := found.one_or_none():
        notice |= {
            "dct:language": _TAGS[row.language],
            "dct:hasVersion": row.version,
            "dct:description": row.text,
        }
    return notice


def _events(given: Given) -> list[dict[str, Any]]:
    events = [_event("dpv:ConsentGiven", given.created)]
    if given.withdrawn is not None:
        events.append(_event("dpv:ConsentWithdrawn", given.withdrawn))
    return events


def _event(state: str, at: int) -> dict[str, Any]:
    return {"dpv:hasConsentStatus": state, "dct:date": _moment(at)}


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")

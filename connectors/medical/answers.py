"""The Bundles that the open API answers (FHIR R4 §2.36)."""

from __future__ import annotations

import orjson

from connectors.medical.records import Kept
from schemas.ngsild import urn


def searchset(total: int, found: list[tuple[str, str, bytes]], following: str) -> bytes:
    """A Bundle of the resources' own JSON, byte for byte (FHIR R4 §3.1.1.1).

    Args:
        following: where the next page is; empty on the last one.
    """
    entries = [
        {
            "fullUrl": urn(kind, identity),
            "resource": orjson.Fragment(body),
            "search": {"mode": "match"},
        }
        for kind, identity, body in found
    ]
    links = [{"relation": "next", "url": following}] if following else []
    bundle = {"resourceType": "Bundle", "type": "searchset", "total": total}
    return orjson.dumps({**bundle, **({"link": links} if links else {}), "entry": entries})


def transaction_response(kept: list[Kept]) -> bytes:
    """A Bundle of type transaction-response (FHIR R4 §3.1.0.11.2)."""
    entries = [
        {
            "response": {
                "status": "201 Created" if one.changed and one.version == 1 else "200 OK",
                "location": f"{one.key}/_history/{one.version}",
                "lastModified": one.updated,
            }
        }
        for one in kept
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}
    return orjson.dumps(bundle)

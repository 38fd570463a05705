"""A notice: what a client is told of the end of consents, and the row that it is until it is told.

Message ids say the same end by the same name, so that writing one twice changes nothing.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control import tables
from gateway.control.consent.ending import Ending
from gateway.control.consent.records import Given
from gateway.control.oauth.records import Grant
from gateway.control.state import Control
from schemas.ngsild import timestamp

TYPE: Final = "consent.withdrawn"

Reason = Literal["withdrawn", "ended", "expired", "suspended"]
"""``withdrawn``: by the resident; ``ended``: by the client itself, an operator, or because a code
or token was used twice; ``suspended``: nothing may be used until the client is accepted again."""


async def note(control: Control, connection: AsyncConnection, ending: Ending) -> None:
    """Write the notice of an end, in its transaction; a hook of
    :mod:`gateway.control.consent.withdraw`."""
    reason: Reason = "withdrawn" if ending.action == "consent.withdraw" else "ended"
    at = ending.at / 1000
    await write(
        control,
        connection,
        [row(control, ending.grant, ending.consents, reason, at, whole=ending.whole)],
    )


async def write(
    control: Control, connection: AsyncConnection, rows: Iterable[dict[str, Any]]
) -> None:
    """Keep those notices whose clients have said where they want them."""
    found = list(rows)
    table = tables.notice_targets
    asked = select(table.c.client_id).where(
        table.c.client_id.in_({one["client_id"] for one in found})
    )
    wanting = set((await connection.execute(asked)).scalars())
    insert = control.store.insert(tables.notices).on_conflict_do_nothing()
    if wanted := [one for one in found if one["client_id"] in wanting]:
        await connection.execute(insert, wanted)


def row(
    control: Control,
    grant: Grant,
    consents: Sequence[Given],
    reason: Reason,
    at: float,
    *,
    whole: bool = False,
) -> dict[str, Any]:
    """The row of a notice.

    Args:
        at: of the end, in seconds since the epoch.
        whole: whether the grant ended with the consents.
    """
    ids = sorted(one.consent_id for one in consents)
    moment = timestamp(datetime.fromtimestamp(at, UTC))
    data = {
        "grant": grant.gid,
        "grantEnded": whole,
        "sub": control.pseudonyms.of(grant.resident_id, f"client:{grant.client_id}"),
        "consents": [
            {"id": one.consent_id, "dataset": one.dataset, "purpose": one.purpose}
            for one in consents
        ],
        "reason": reason,
        "at": moment,
    }
    named = "\0".join((reason, grant.gid, *ids, str(int(at)) if reason == "suspended" else ""))
    return {
        "message": _message(named),
        "client_id": grant.client_id,
        "gid": grant.gid,
        "resident_id": grant.resident_id,
        "reason": reason,
        "body": orjson.dumps({"type": TYPE, "timestamp": moment, "data": data}).decode(),
        "created": at,
        "due": at,
        "tries": 0,
        "told": None,
        "acknowledged": None,
        "error": "",
    }


def _message(named: str) -> str:
    digest = hashlib.sha256(named.encode()).digest()
    return f"msg_{urlsafe_b64encode(digest[:18]).decode()}"

"""Saying where an attached API is now, without its ever being away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gateway.control.catalogue import attached, history
from gateway.control.catalogue.attach import examine, outsider
from gateway.control.catalogue.attached import Attached, upstream_addresses
from gateway.control.catalogue.history import Happened, difference
from gateway.control.state import Control
from schemas.problem import Fault, Unprocessable

_INSTEAD: Final = "change the bootstrap file"


async def move(
    control: Control,
    name: str,
    document_url: str,
    upstream: str | Sequence[str] = "",
    *,
    operator: str,
) -> None:
    """Take an API's document from elsewhere, and send its requests there, from one moment on.

    Args:
        upstream: where its processes are, if not where its document is.
        operator: who asks for it.

    Raises:
        NotFound: there is none of this name.
        Conflict: it is one of the city's own, which the bootstrap file would bring back.
        Unprocessable: its new place or document is not good; all stays as it was.
    """
    async with control.store.read() as connection:
        held = await outsider(connection, name, _INSTEAD)
    addresses = _addresses(document_url, upstream)
    there = replace(held, document_url=document_url, addresses=addresses)
    moved = await _read(control, there)
    async with control.change() as connection:
        held = await outsider(connection, name, _INSTEAD)
        await attached.replace(connection, replace(moved, attached=held.attached))
        where = {"documentUrl": document_url, "upstreams": list(moved.addresses)}
        await control.record(connection, operator, "api.move", name, **where)
        if detail := difference(held.document, moved.document):
            await history.note(connection, Happened(name, moved.fetched, "changed", detail))


def _addresses(document_url: str, upstream: str | Sequence[str]) -> tuple[str, ...]:
    try:
        return upstream_addresses(document_url, upstream)
    except ValueError as error:
        fault = Fault("/upstream" if upstream else "/documentUrl", str(error))
        raise Unprocessable("The API cannot be moved there.", faults=[fault]) from error


async def _read(control: Control, api: Attached) -> Attached:
    """The API with the document that is there, which is good."""
    found = await examine(control, api)
    if faults := found.compiled.faults:
        raise Unprocessable(
            f"The document there has {len(faults)} findings; what was attached stays.",
            faults=faults,
        )
    return replace(found.api, error="", findings=())

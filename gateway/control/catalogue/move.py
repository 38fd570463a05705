"""Saying where an attached API is now, without its ever being away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.catalogue import attached, history
from gateway.control.catalogue.attach import judge
from gateway.control.catalogue.attached import Attached, upstream_addresses
from gateway.control.catalogue.fetch import Unreachable
from gateway.control.catalogue.history import Happened, difference
from gateway.control.state import Control
from schemas.problem import Conflict, Fault, NotFound, Unprocessable


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
        held = await _outsider(connection, name)
    addresses = _addresses(document_url, upstream)
    there = replace(held, document_url=document_url, addresses=addresses)
    moved = await _read(control, there)
    async with control.change() as connection:
        held = await _outsider(connection, name)
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
    try:
        fetched = await control.fetcher.fetch(api.document_url)
    except Unreachable as error:
        fault = Fault("/documentUrl", str(error))
        raise Unprocessable("The document cannot be had.", faults=[fault]) from error
    raw = fetched.raw or b""
    compiled = await judge(control, api, raw)
    if compiled.faults:
        raise Unprocessable(
            f"The document there has {len(compiled.faults)} findings; what was attached stays.",
            faults=compiled.faults,
        )
    return replace(
        api, document=raw.decode(), etag=fetched.etag, fetched=control.now(), error="", findings=()
    )


async def _outsider(connection: AsyncConnection, name: str) -> Attached:
    api = await attached.find(connection, name)
    if api is None:
        raise NotFound(f"There is no API {name!r}.")
    if api.internal:
        raise Conflict(f"{name!r} is the city's own: change the bootstrap file.")
    return api

"""Attaching an API, and taking in what its document says now."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.control.catalogue import attached, history
from gateway.control.catalogue.attached import Attached, upstream_addresses
from gateway.control.catalogue.fetch import Unreachable
from gateway.control.catalogue.history import Happened, difference
from gateway.control.policy import findings
from gateway.control.policy.compiler import CompiledApi, compile_api
from gateway.control.policy.territory import check_name
from gateway.control.state import Control
from schemas.problem import Conflict, Fault, NotFound, Unprocessable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """A document that was fetched and judged, and of which nothing has come yet.

    Attributes:
        digest: SHA-256 of the document, hexadecimal.
    """

    api: Attached
    compiled: CompiledApi
    digest: str


async def read(
    control: Control, name: str, document_url: str, upstream: str | Sequence[str] = ""
) -> Read:
    """Fetch and judge the document of an API that is to be attached.

    Args:
        upstream: where its processes are, if not where its document is.

    Raises:
        Unprocessable: its name or address cannot be, or its document cannot be had.
        Conflict: there is one of this name.
    """
    api = _new(control, name, document_url, upstream)
    if any(other.name == name for other in control.publisher.current.attached):
        raise Conflict(f"There is an API {name!r} already: detach it first, or choose another.")
    return await examine(control, api)


async def examine(control: Control, api: Attached) -> Read:
    """Fetch and judge the document of an API, where it says that it is.

    Raises:
        Unprocessable: it cannot be had.
    """
    try:
        fetched = await control.fetcher.fetch(api.document_url)
    except Unreachable as error:
        fault = Fault("/documentUrl", str(error))
        raise Unprocessable("The document cannot be had.", faults=[fault]) from error
    raw = fetched.raw or b""
    compiled = await judge(control, api, raw)
    text = raw.decode(errors="replace")  # what is no UTF-8 is a finding
    good = replace(api, document=text, etag=fetched.etag, fetched=control.now())
    return Read(good, compiled, sha256(raw).hexdigest())


async def attach(
    control: Control,
    name: str,
    document_url: str,
    upstream: str | Sequence[str] = "",
    *,
    operator: str,
    digest: str = "",
) -> CompiledApi:
    """Attach an API from outside: callable when this returns, or refused as a whole.

    Args:
        upstream: where its processes are, if not where its document is.
        operator: the client that asks for it.
        digest: of the document that was looked at before; any, when empty.

    Raises:
        Unprocessable: with everything that is wrong with its name, address or document.
        Conflict: there is one of this name, or the document is another one by now.
    """
    found = await read(control, name, document_url, upstream)
    compiled = found.compiled
    if compiled.faults:
        raise Unprocessable(
            f"The document has {len(compiled.faults)} findings; correct them and attach it again.",
            faults=compiled.faults,
        )
    if digest and not hmac.compare_digest(digest.encode(), found.digest.encode()):
        raise Conflict("The document has changed since it was looked at: look at it again.")
    async with control.change() as connection:
        await attached.add(connection, found.api)
        what = {"documentUrl": document_url, "upstreams": list(found.api.addresses)}
        await control.record(connection, operator, "api.attach", name, **what)
        await history.note(connection, Happened(name, control.now(), "attached"))
    return compiled


def _new(control: Control, name: str, document_url: str, upstream: str | Sequence[str]) -> Attached:
    try:
        check_name(name, internal=False)
        addresses = upstream_addresses(document_url, upstream)
    except ValueError as error:
        where = "/upstream" if upstream else "/documentUrl"
        where = where if "plain http" in str(error) else "/name"
        raise Unprocessable(
            "The API cannot be attached.", faults=[Fault(where, str(error))]
        ) from error
    return Attached(
        name=name,
        document_url=document_url,
        addresses=addresses,
        internal=False,
        attached=control.now(),
    )


async def detach(control: Control, name: str, *, operator: str) -> None:
    """Raises:
    NotFound: there is none.
    Conflict: it is one of the city's own, which the bootstrap file would bring back.
    """
    async with control.change() as connection:
        await outsider(connection, name, "take it out of the bootstrap file")
        await attached.remove(connection, name)
        await control.record(connection, operator, "api.detach", name)
        await history.note(connection, Happened(name, control.now(), "detached"))


async def outsider(connection: AsyncConnection, name: str, instead: str) -> Attached:
    """An API that was attached from outside.

    Args:
        instead: what to do about one that was not.

    Raises:
        NotFound: there is none of this name.
        Conflict: it is one of the city's own, which the bootstrap file would bring back.
    """
    api = await attached.find(connection, name)
    if api is None:
        raise NotFound(f"There is no API {name!r}.")
    if api.internal:
        raise Conflict(f"{name!r} is the city's own: {instead}.")
    return api


async def judge(control: Control, api: Attached, raw: bytes) -> CompiledApi:
    """Compile a document against the others, off the event loop: it may be large."""
    taken = _datasets_of_others(control.publisher.current.apis, api.name)
    return await asyncio.to_thread(compile_api, raw, api.territory, api.origins, taken)


def _datasets_of_others(apis: Iterable[CompiledApi], name: str) -> list[str]:
    return [
        dataset.id for api in apis if api.territory.name != name for dataset in api.info.datasets
    ]


async def refresh(control: Control, api: Attached) -> Attached:
    """Fetch an attached API's document again; a worse one never replaces a good one."""
    try:
        fetched = await control.fetcher.fetch(api.document_url, api.etag)
    except Unreachable as error:
        return await _keep(control, api, replace(api, error=str(error)))
    now = control.now()
    if fetched.raw is None or fetched.raw == api.document.encode():
        return await _keep(control, api, replace(api, error="", fetched=now))
    compiled = await judge(control, api, fetched.raw)
    if compiled.faults:
        refused = replace(api, error="", findings=compiled.faults[:50], fetched=now)
        return await _keep(control, api, refused)
    good = replace(
        api,
        document=fetched.raw.decode(),
        etag=fetched.etag,
        fetched=now,
        error="",
        findings=(),
    )
    logger.info("API %s: %d routes", api.name, len(compiled.routes))
    async with control.change() as connection:
        await _note_document(connection, api, good)
        await attached.replace(connection, good)
    return good


async def _note_document(connection: AsyncConnection, old: Attached, good: Attached) -> None:
    """Tell what changed; another process may have taken the same document in already."""
    held = await attached.find(connection, good.name)
    if held is None or held.document == good.document:
        return
    if not held.document:
        await history.note(connection, Happened(good.name, good.fetched, "attached"))
    elif detail := difference(held.document, good.document):
        await history.note(connection, Happened(good.name, good.fetched, "changed", detail))
    if old.error or old.findings:
        await history.note(connection, Happened(good.name, good.fetched, "good"))


async def _keep(control: Control, old: Attached, new: Attached) -> Attached:
    """Store a state that leaves the routes as they are; say so once, when it is another."""
    if (old.error, old.findings) == (new.error, new.findings):
        return new
    if new.findings:
        text = "; ".join(findings.lines(new.findings[:3]))
        logger.error(
            "API %s: its new document is refused, the last good one stays: %s", old.name, text
        )
    elif new.error:
        logger.warning("API %s: %s", old.name, new.error)
    async with control.change() as connection:
        held = await attached.find(connection, new.name)
        if held is not None and held.state != new.state and new.state != "waiting":
            kind: history.Kind = "good" if new.state == "attached" else new.state
            await history.note(connection, Happened(new.name, control.now(), kind))
        await attached.replace(connection, new)
    return new

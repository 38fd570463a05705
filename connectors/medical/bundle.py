"""FHIR documents as they are sent: one resource, or a Bundle of several (FHIR R4 §2.36)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from connectors.medical.fhirjson import loads
from connectors.medical.resources import pointer
from connectors.medical.validation import MOST_FAULTS, faults
from schemas.problem import Fault, Unprocessable

BUNDLE_TYPES: Final = ("collection", "transaction", "batch")
ENTRIES: Final = 10_000
_METHODS = ("POST", "PUT")


@dataclass(frozen=True, slots=True)
class Sent:
    """A resource in a document.

    Attributes:
        where: JSON Pointer of it in the document.
        url: the entry's ``fullUrl``; empty for a resource sent alone.
        resource: valid by its model, with an id.
    """

    where: str
    url: str
    resource: dict[str, Any]

    @property
    def key(self) -> str:
        """The literal reference to it: ``Patient/example``."""
        return f"{self.resource['resourceType']}/{self.resource['id']}"


@dataclass(frozen=True, slots=True)
class Document:
    """A document, read whole.

    Attributes:
        timestamp: of the Bundle, as sent; empty when there is none.
        sent: its resources of the wanted types, in order.
    """

    timestamp: str
    sent: tuple[Sent, ...]


def read(raw: bytes, wanted: Collection[str], *, strict: bool = True) -> Document:
    """Read a document and validate every wanted resource in it.

    Args:
        wanted: resource types to keep.
        strict: refuse other types; else pass over them.

    Raises:
        Unprocessable: everything that is wrong, each with its place.
    """
    document = loads(raw)
    if not isinstance(document, dict):
        raise _refusal([Fault("/", "A FHIR resource is a JSON object.")])
    if document.get("resourceType") == "Bundle":
        wrong = _bundle_faults(document)
        if wrong:
            raise _refusal(wrong)
    sent = tuple(_unwrap(document))
    wrong = []
    for item in sent:
        wrong += _faults(item, wanted, strict=strict)
        if len(wrong) >= MOST_FAULTS:
            break
    if wrong:
        raise _refusal(wrong[:MOST_FAULTS])
    kept = tuple(item for item in sent if item.resource["resourceType"] in wanted)
    repeated = _repeated(kept)
    if repeated:
        raise _refusal(repeated)
    return Document(str(document.get("timestamp") or ""), kept)


def _unwrap(document: dict[str, Any]) -> Iterator[Sent]:
    if document.get("resourceType") != "Bundle":
        yield Sent("", "", document)
        return
    for position, entry in enumerate(document.get("entry") or ()):
        resource = entry.get("resource")
        yield Sent(f"/entry/{position}/resource", str(entry.get("fullUrl") or ""), resource)


def _bundle_faults(bundle: dict[str, Any]) -> list[Fault]:
    if bundle.get("type") not in BUNDLE_TYPES:
        allowed = ", ".join(BUNDLE_TYPES)
        return [Fault("/type", f"A Bundle of type {bundle.get('type')!r}.", f"Send {allowed}.")]
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return [Fault("/entry", "Not a list of entries.")]
    if len(entries) > ENTRIES:
        return [Fault("/entry", f"{len(entries)} entries.", f"Send at most {ENTRIES} at once.")]
    found = []
    for position, entry in enumerate(entries):
        request = entry.get("request") or {}
        method = request.get("method", "PUT") if isinstance(request, dict) else request
        if method not in _METHODS:
            where = f"/entry/{position}/request/method"
            found.append(Fault(where, f"{method!r} is not done here.", "Use PUT or POST."))
    return found[:MOST_FAULTS]


def _faults(item: Sent, wanted: Collection[str], *, strict: bool) -> list[Fault]:
    resource: Any = item.resource
    if not isinstance(resource, dict):
        return [Fault(item.where, "The entry has no resource.")]
    kind = resource.get("resourceType")
    if isinstance(kind, str) and kind in wanted:
        return faults(resource, item.where)
    if not strict and isinstance(kind, str):
        return []
    fix = f"Send resources of: {', '.join(wanted)}."
    return [Fault(pointer(item.where, "resourceType"), f"{kind!r} is not kept here.", fix)]


def _repeated(sent: tuple[Sent, ...]) -> list[Fault]:
    seen: dict[str, str] = {}
    found = []
    for item in sent:
        if item.key in seen:
            what = f"{item.key} is in the Bundle already, at {seen[item.key]}."
            found.append(Fault(item.where, what))
        seen[item.key] = item.where
    return found[:MOST_FAULTS]


def _refusal(wrong: list[Fault]) -> Unprocessable:
    return Unprocessable("The FHIR document is not acceptable; nothing was kept.", faults=wrong)

"""Which one patient each resource of a document is about."""

from __future__ import annotations

from connectors.medical.bundle import Document, Sent
from connectors.medical.resources import patient_references
from schemas.problem import Fault, Unprocessable

Owned = tuple[Sent, str]
"""A resource, and the id of the Patient it is about."""


def owners(document: Document) -> list[Owned]:
    """Each resource with the patient it is about.

    Raises:
        Unprocessable: one is about nobody, or about several.
    """
    urls = {sent.url: sent.key for sent in document.sent if sent.url}
    found: list[Owned] = []
    wrong: list[Fault] = []
    for sent in document.sent:
        about = set(_patients(sent, urls))
        if len(about) == 1:
            found.append((sent, about.pop()))
        else:
            wrong.append(_not_one(sent, about))
    if wrong:
        raise misfit(wrong)
    return found


def _patients(sent: Sent, urls: dict[str, str]) -> list[str]:
    if sent.resource["resourceType"] == "Patient":
        return [str(sent.resource["id"])]
    targets = (urls.get(target, target) for target in patient_references(sent.resource))
    parts = (target.split("/") for target in targets)
    # `Patient/7`, or a version of it: `Patient/7/_history/2` (FHIR R4 §2.3.0.1)
    return [part[1] for part in parts if len(part) in (2, 4) and part[0] == "Patient"]


def _not_one(sent: Sent, about: set[str]) -> Fault:
    several = ", ".join(f"Patient/{one}" for one in sorted(about))
    what = f"It is about several patients: {several}." if several else "It is about no patient."
    fix = "Refer to the one patient it belongs to as Patient/<id>, or by its entry's fullUrl."
    return Fault(sent.where or "/", what, fix)


def misfit(wrong: list[Fault]) -> Unprocessable:
    detail = "The records do not fit what is known here; nothing was kept."
    return Unprocessable(detail, faults=wrong[:50])

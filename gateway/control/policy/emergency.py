"""What an operation may become in an emergency: judged when its document is read, not then."""

from __future__ import annotations

from typing import Final

from gateway.control.policy.findings import Findings, pointer
from gateway.control.policy.security import Setting
from schemas.xcity import KEY, LegalClass, OperationInfo

_ABOUT_NOBODY: Final = (LegalClass.OPEN, LegalClass.ANONYMISED)


def check_emergency(
    setting: Setting,
    method: str,
    info: OperationInfo,
    where: tuple[object, ...],
    findings: Findings,
) -> None:
    """``open`` gives a scoped read to anybody: never a write, and nothing that is about a person.

    Args:
        where: JSON Pointer parts of the operation.
    """
    if info.emergency == "none":
        return
    place = pointer(*where, KEY, "emergency")
    if not setting.territory.internal:
        findings.add(place, "An emergency's capacity is given by the city, not claimed.")
    if info.emergency == "reserved":
        return
    dataset = setting.datasets.get(info.dataset)
    if info.access != "scoped":
        findings.add(
            place,
            f"An operation of access {info.access} cannot be opened in an emergency.",
            "Use reserved, which keeps capacity for it; its access stays what it is.",
        )
    elif method != "GET":
        findings.add(place, "Only a GET can be opened in an emergency.", "Use reserved.")
    elif dataset is None or dataset.legal_class not in _ABOUT_NOBODY:
        findings.add(
            place,
            "Only data that is about nobody can be opened in an emergency.",
            "Name in x-city.dataset a data set whose legalClass is open or anonymised.",
        )

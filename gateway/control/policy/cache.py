"""Which operations may be marked ``cache``: judged when their document is read."""

from __future__ import annotations

from gateway.control.policy.findings import Findings, pointer
from schemas.xcity import KEY, OperationInfo


def check_cache(
    method: str, info: OperationInfo, where: tuple[object, ...], findings: Findings
) -> None:
    """Only what is read, whole, and not about a person is kept for others.

    Args:
        where: JSON Pointer parts of the operation.
    """
    if info.cache is None:
        return
    place = pointer(*where, KEY, "cache")
    if method != "GET":
        findings.add(place, "Only answers to GET are kept; HEAD is answered from them.")
    if info.access == "personal":
        findings.add(place, "A personal operation's answers are never kept.", "Take it out.")
    if info.stream or info.upgrade:
        findings.add(place, "What has no end cannot be kept.", "Take it out.")

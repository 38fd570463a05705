"""Data sets: what is wrong with their description, and what the routing core must know of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import permutations
from typing import Final

from gateway.control.policy.findings import Findings, pointer
from schemas.consent import DatasetRule
from schemas.purposes import PURPOSES
from schemas.xcity import KEY, ApiInfo, Dataset, LegalClass

OF_PERSONS: Final = (LegalClass.PERSONAL, LegalClass.PERSON_RELATED)
"""Legal classes of what is served to whom it is about, by consent. What is pseudonymised is not
among them: it may not be matched with a person again (APPI Art. 41 (7))."""


def check_dataset(dataset: Dataset, where: tuple[object, ...], findings: Findings) -> None:
    """Fields and purposes of one data set.

    Args:
        where: JSON Pointer parts of the data set.
    """
    for number, purpose in enumerate(dataset.purposes):
        if purpose not in PURPOSES:
            findings.add(
                pointer(*where, "purposes", number),
                f"{purpose[:60]!r} is no purpose that can be consented to.",
                f"Use some of {', '.join(PURPOSES)}.",
            )
    if dataset.fields and dataset.legal_class not in OF_PERSONS:
        findings.add(
            pointer(*where, "fields"),
            f"Fields are for consent, and the legal class is {dataset.legal_class}.",
            "Take the fields out, or give the data set its legalClass.",
        )
    _check_fields(dataset, where, findings)


def _check_fields(dataset: Dataset, where: tuple[object, ...], findings: Findings) -> None:
    ids = Counter(field.id for field in dataset.fields)
    for name, count in ids.items():
        if count > 1:
            findings.add(pointer(*where, "fields"), f"Field {name!r} is there {count} times.")
    paths = [(field.id, path) for field in dataset.fields for path in field.paths]
    for (outer, above), (inner, below) in permutations(paths, 2):
        if below.startswith(f"{above}."):
            findings.add(
                pointer(*where, "fields"),
                f"{below!r} of field {inner!r} lies within {above!r} of field {outer!r}.",
                "Who is granted the outer one would see the inner one: name disjoint paths.",
            )


def rules(infos: Iterable[ApiInfo]) -> dict[str, DatasetRule]:
    """``Snapshot.datasets``: every data set that is not open, by id."""
    return {
        dataset.id: DatasetRule(
            legal_class=dataset.legal_class.value,
            domain=info.domain,
            fields={field.id: list(field.paths) for field in dataset.fields},
        )
        for info in infos
        for dataset in info.datasets
        if dataset.legal_class is not LegalClass.OPEN
    }


def place(number: int) -> tuple[object, ...]:
    """Where data set ``number`` is in a document."""
    return (KEY, "datasets", number)

"""The fields of personal data sets: there are some, and they are disjoint."""

from __future__ import annotations

import pytest

from connectors.administration.connector import AdministrationConnector
from connectors.education.connector import EducationConnector
from connectors.medical.connector import MedicalConnector
from connectors.payments.connector import PaymentsConnector
from gateway.control.policy.datasets import check_dataset
from gateway.control.policy.findings import Findings, lines
from schemas.xcity import Dataset, LegalClass

CONNECTORS = (
    AdministrationConnector,
    EducationConnector,
    MedicalConnector,
    PaymentsConnector,
)
DATASETS = [
    one
    for kind in CONNECTORS
    for one in kind.info.datasets
    if one.legal_class is LegalClass.PERSONAL
]


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda one: one.id)
def test_a_personal_data_set_can_be_shared_in_part(dataset: Dataset) -> None:
    assert len(dataset.fields) > 1
    findings = Findings()
    check_dataset(dataset, ("x",), findings)
    assert not findings, lines(findings.faults)

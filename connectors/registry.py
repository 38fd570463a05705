"""Every connector, by domain. Imported only when served, so one domain's library costs no other.

A new connector is one line here.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

from connectors.base import Connector

CONNECTORS: Final = {
    "administration": "connectors.administration.connector:AdministrationConnector",
    "disaster": "connectors.disaster.connector:DisasterConnector",
    "education": "connectors.education.connector:EducationConnector",
    "logistics": "connectors.logistics.connector:LogisticsConnector",
    "medical": "connectors.medical.connector:MedicalConnector",
    "mobility": "connectors.mobility.connector:MobilityConnector",
    "payments": "connectors.payments.connector:PaymentsConnector",
}


def load(domain: str) -> type[Connector]:
    """The connector class of a domain.

    Raises:
        ValueError: there is no such domain.
    """
    if domain not in CONNECTORS:
        raise ValueError(f"no connector {domain!r}; there are: {', '.join(CONNECTORS)}")
    module, _, name = CONNECTORS[domain].partition(":")
    found: type[Connector] = getattr(import_module(module), name)
    return found

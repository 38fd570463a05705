"""The names of query parameters and options that NGSI-LD has (GS CIM 009 §6.3.20)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from services.broker.context.errors import InvalidRequest

_PARAMETERS: Final = """
    aggrMethods aggrPeriodDuration attrs collation containedBy coordinates count csf datasetId
    deleteAll details drop endTimeAt entityMap entityMapLifetime expandValues format geometry
    geometryProperty geoproperty georel id idPattern join joinLevel jsonKeys keep kind lang lastN
    limit local observedAt offset omit options orderBy orderFrom orderGeometry pick q reload scopeQ
    splitEntities sysAttrs timeAt timeproperty timerel type
"""
_OPTIONS: Final = """
    aggregatedValues audit concise count entityMap keyValues noOverwrite normalized replace
    simplified splitEntities sysAttrs temporalValues update
"""
PARAMETERS: Final = frozenset(_PARAMETERS.split())
OPTIONS: Final = frozenset(_OPTIONS.split())


def check_names(names: Iterable[str]) -> None:
    """That all query parameters are ones that NGSI-LD has.

    Raises:
        InvalidRequest: one is not; a misspelt one would else change what is asked unnoticed.
    """
    if unknown := sorted(set(names) - PARAMETERS):
        raise InvalidRequest(f"There is no query parameter {unknown[0][:80]!r}.")


def check_options(options: frozenset[str]) -> frozenset[str]:
    """The options, if NGSI-LD has all of them.

    Raises:
        InvalidRequest: it does not have one.
    """
    if unknown := sorted(options - OPTIONS):
        raise InvalidRequest(f"There is no option {unknown[0][:80]!r}.")
    return options

"""The core ``@context`` (GS CIM 009 §4.4, annex B): built in, so that the broker works offline.

It is the last of every request's contexts: its terms cannot be changed, and names that nobody
defines are in its default vocabulary. Version 1.9 has the terms of 1.8, and both those of all
versions before: whichever a request names, this one is meant.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

NGSI_LD: Final = "https://uri.etsi.org/ngsi-ld/"
DEFAULT: Final = "https://uri.etsi.org/ngsi-ld/default-context/"
CORE_CONTEXT_URL: Final = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.8.jsonld"
_GEOJSON: Final = "https://purl.org/geojson/vocab#"
_CORE_URL: Final = re.compile(
    r"https?://uri\.etsi\.org/ngsi-ld/(v1/)?ngsi-ld-core-context(-v1(\.\d{1,2}){1,2})?\.jsonld"
)


def is_core(url: object) -> bool:
    """Whether a URL names the core context, in any of its versions."""
    return isinstance(url, str) and _CORE_URL.fullmatch(url) is not None


_TYPES: Final = """
    Attribute AttributeList ContextSourceIdentity ContextSourceNotification
    ContextSourceRegistration Date DateTime EntityType EntityTypeInfo EntityTypeList GeoProperty
    JsonProperty LanguageProperty ListProperty ListRelationship Notification Property Relationship
    Subscription TemporalProperty Time VocabProperty
"""
_MEMBERS: Final = """
    accept attributeList attributeName attributeNames attributeTypes attributes attrs avg
    cacheDuration contextSourceAlias contextSourceExtras contextSourceInfo contextSourceTimeAt
    contextSourceUptime cooldown createdAt csf data datasetId deletedAt detail distinctCount endAt
    endTimeAt endpoint entities entity entityCount entityId entityList error errors expandValues
    expiresAt format geoQ geoproperty georel idPattern information instanceId isActive join
    jsonKeys jsons lang lastFailure lastNotification lastSuccess linkedMaps localOnly location
    management managementInterval max min mode modifiedAt notUpdated notification
    notificationTrigger notifiedAt notifierInfo observationInterval observationSpace observedAt
    omit operationSpace operations pick propertyNames q reason receiverInfo refreshRate
    registrationId registrationName relationshipNames scope scopeQ showChanges startAt status
    stddev subscriptionId subscriptionName success sum sumsq sysAttrs temporalQ tenant throttling
    timeAt timeInterval timeout timeproperty timerel timesFailed timesSent totalCount
    triggerReason typeList typeName typeNames unchanged unitCode updated uri watchedAttributes
"""
_GEOJSON_NAMES: Final = """
    Feature FeatureCollection GeometryCollection LineString MultiLineString MultiPoint MultiPolygon
    Point Polygon bbox coordinates features geometry geometryProperty properties
"""
_HAS: Final = """
    dataset entityMap joinLevel key languageMap languageMaps object objectList objects objectsLists
    objectType previousLanguageMap previousObject previousObjectList previousValue
    previousValueList previousVocab value valueList valueLists values vocab vocabs
"""
"""Terms whose IRI is ``has`` and the name with a capital letter."""

CORE_TERMS: Final[Mapping[str, str]] = {
    "ngsi-ld": NGSI_LD,
    "geojson": _GEOJSON,
    "id": "@id",
    "type": "@type",
    **{name: NGSI_LD + name for name in (_TYPES + _MEMBERS).split()},
    **{name: _GEOJSON + name for name in _GEOJSON_NAMES.split()},
    **{name: f"{NGSI_LD}has{name[0].upper()}{name[1:]}" for name in _HAS.split()},
    "attributeCount": f"{DEFAULT}attributeCount",
    "attributeDetails": f"{DEFAULT}attributeDetails",
    "containedBy": f"{NGSI_LD}isContainedBy",
    "description": "http://purl.org/dc/terms/description",
    "json": f"{NGSI_LD}hasJSON",
    "previousJson": f"{NGSI_LD}hasPreviousJson",
    "title": "http://purl.org/dc/terms/title",
}
"""Term → IRI, or keyword; no other context can change them."""

CORE_PREFIXES: Final = frozenset(("ngsi-ld", "geojson"))

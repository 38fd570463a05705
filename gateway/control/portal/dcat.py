"""The catalogue as linked data: DCAT 3 in the profile DCAT-AP 3, as JSON-LD or Turtle.

An API is a ``dcat:DataService``, a data set a ``dcat:Dataset`` with one distribution: what the
service answers. Frequencies, themes and access rights are of the EU's authority tables, which the
profile asks for.
"""

from __future__ import annotations

import re
from typing import Any, Final

from pyld import jsonld

from gateway.control.catalogue.entries import ApiEntry
from gateway.control.portal.offers import Offer
from schemas.xcity import LegalClass

JSON_LD: Final = "application/ld+json"
TURTLE: Final = "text/turtle"
DATASETS: Final = "/developers/datasets"
CATALOGUE: Final = "/developers/catalogue"

_CONTEXT: Final[dict[str, Any]] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "adms": "http://www.w3.org/ns/adms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_URL: Final = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]+")
_AUTHORITY: Final = "http://publications.europa.eu/resource/authority"
_FREQUENCIES: Final = (
    (60, "UPDATE_CONT"),
    (3_600, "HOURLY"),
    (86_400, "DAILY"),
    (7 * 86_400, "WEEKLY"),
    (31 * 86_400, "MONTHLY"),
    (92 * 86_400, "QUARTERLY"),
    (366 * 86_400, "ANNUAL"),
)
_THEMES: Final = {
    "administration": "GOVE",
    "disaster": "JUST",
    "education": "EDUC",
    "evacuation": "JUST",
    "logistics": "TRAN",
    "medical": "HEAL",
    "mobility": "TRAN",
    "payments": "ECON",
}


def catalogue(public_url: str, title: tuple[str, str], offers: list[Offer]) -> dict[str, Any]:
    """The whole catalogue.

    Args:
        title: in Japanese and in English.
    """
    services = {one.api.name: one.api for one in offers}
    return {
        "@context": _CONTEXT,
        "@id": public_url + CATALOGUE,
        "@type": "dcat:Catalog",
        "dct:title": _both(*title),
        "dct:description": _both(*title),
        "dct:publisher": _publisher(public_url, title),
        "dct:language": [_term("language", code) for code in ("JPN", "ENG")],
        "dcat:dataset": [_dataset(public_url, title, one) for one in offers],
        "dcat:service": [_service(public_url, one, offers) for one in services.values()],
    }


def dataset(public_url: str, title: tuple[str, str], offer: Offer) -> dict[str, Any]:
    """One data set, with the service that serves it."""
    found = _dataset(public_url, title, offer)
    found["dcat:distribution"]["dcat:accessService"] = _service(public_url, offer.api, [offer])
    return {"@context": _CONTEXT, **found}


def turtle(document: dict[str, Any]) -> str:
    """The same in Turtle: one triple a line, which is N-Triples and so Turtle too."""
    made: str = jsonld.to_rdf(document, {"format": "application/n-quads"})
    return made


def _dataset(public_url: str, title: tuple[str, str], offer: Offer) -> dict[str, Any]:
    one = offer.dataset
    where = f"{public_url}{DATASETS}/{one.id}"
    found: dict[str, Any] = {
        "@id": where,
        "@type": "dcat:Dataset",
        "dct:identifier": one.id,
        "dct:title": _both(one.title_ja, one.title),
        "dct:description": {"@language": "en", "@value": one.description or one.title},
        "dct:publisher": _publisher(public_url, title),
        "dct:accrualPeriodicity": _term("frequency", _frequency(one.update_seconds)),
        "dct:accessRights": _term("access-right", _rights(one.legal_class)),
        "dcat:landingPage": {"@id": where},
        "dcat:keyword": [offer.api.domain],
        "dcat:distribution": _distribution(public_url, where, offer),
    }
    if one.standard:
        found["dct:conformsTo"] = _reference(one.standard)
    if theme := _THEMES.get(offer.api.domain):
        found["dcat:theme"] = _term("data-theme", theme)
    return found


def _distribution(public_url: str, where: str, offer: Offer) -> dict[str, Any]:
    paths = [one.path for one in offer.dataset.operations if one.method == "GET"]
    plain = [path for path in paths if "{" not in path]
    access = [public_url + path for path in plain] or [offer.api.document]
    found: dict[str, Any] = {
        "@id": f"{where}#api",
        "@type": "dcat:Distribution",
        "dct:title": {"@language": "en", "@value": f"{offer.dataset.title}, by API"},
        "dcat:accessURL": [{"@id": url} for url in access],
        "dcat:accessService": {"@id": _service_id(public_url, offer.api)},
        "dcat:mediaType": {"@id": "http://www.iana.org/assignments/media-types/application/json"},
    }
    if offer.dataset.licence:
        found["dct:license"] = _reference(offer.dataset.licence)
    return found


def _service(public_url: str, api: ApiEntry, offers: list[Offer]) -> dict[str, Any]:
    served = [one.dataset.id for one in offers if one.api.name == api.name]
    return {
        "@id": _service_id(public_url, api),
        "@type": "dcat:DataService",
        "dct:title": _both(api.title_ja, api.title),
        "dct:description": {"@language": "en", "@value": api.description or api.title},
        "dcat:endpointURL": {"@id": public_url},
        "dcat:endpointDescription": {"@id": api.document},
        "dcat:servesDataset": [{"@id": f"{public_url}{DATASETS}/{one}"} for one in served],
    }


def _service_id(public_url: str, api: ApiEntry) -> str:
    return f"{public_url}/developers/apis/{api.name}"


def _publisher(public_url: str, title: tuple[str, str]) -> dict[str, Any]:
    return {"@id": f"{public_url}/#publisher", "@type": "foaf:Agent", "foaf:name": _both(*title)}


def _both(ja: str, en: str) -> list[dict[str, str]]:
    said = (("ja", ja), ("en", en))
    return [{"@language": tag, "@value": text} for tag, text in said if text]


def _reference(text: str) -> dict[str, str]:
    """A link, where it is one: what others write stands in Turtle between ``<`` and ``>``."""
    return {"@id": text} if _URL.fullmatch(text) else {"@value": text}


def _term(table: str, code: str) -> dict[str, str]:
    """An entry of the EU's authority tables."""
    return {"@id": f"{_AUTHORITY}/{table}/{code}"}


def _frequency(seconds: int) -> str:
    return next((name for longest, name in _FREQUENCIES if seconds <= longest), "IRREG")


def _rights(legal_class: LegalClass) -> str:
    if legal_class in {LegalClass.OPEN, LegalClass.ANONYMISED}:
        return "PUBLIC"
    return "NON_PUBLIC" if legal_class is LegalClass.PSEUDONYMISED else "RESTRICTED"

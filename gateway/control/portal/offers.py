"""What the city offers, as the portal shows it: data sets with the APIs that serve them."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from gateway.control.catalogue.entries import ApiEntry, DatasetEntry, describe, describe_dataset
from gateway.control.policy.compiler import CompiledApi
from gateway.control.state import Control
from schemas.policy import Route

LONGEST_QUERY: Final = 200
FACETS: Final = ("domain", "class", "licence")
_ABOUT_THE_PLATFORM: Final = ("platform", "broker")
_LICENCES: Final = {
    "https://creativecommons.org/licenses/by/4.0/": "CC BY 4.0",
    "https://creativecommons.org/publicdomain/zero/1.0/": "CC0 1.0",
    "https://www.digital.go.jp/resources/open_data/public_data_license_v1.0": "PDL 1.0",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """One data set, and the API that serves it."""

    dataset: DatasetEntry
    api: ApiEntry

    @property
    def facets(self) -> dict[str, str]:
        return {
            "domain": self.api.domain,
            "class": self.dataset.legal_class.value,
            "licence": self.dataset.licence,
        }

    @property
    def words(self) -> str:
        """All that a search looks at."""
        one = self.dataset
        fields = [text for each in one.fields for text in (each.title, each.title_ja)]
        own = (one.id, one.title, one.title_ja, one.description, one.standard)
        return folded(" ".join([*own, self.api.title, self.api.title_ja, self.api.domain, *fields]))


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a facet.

    Attributes:
        count: of the data sets found that have it, whatever is chosen in this facet.
    """

    value: str
    count: int
    chosen: bool


def usable(control: Control) -> list[CompiledApi]:
    """The APIs that can be called."""
    return [api for api in control.publisher.current.apis if api.routes]


def apis(control: Control) -> list[ApiEntry]:
    return [describe(api, control.public_url) for api in usable(control)]


def offers(control: Control) -> list[Offer]:
    """Every data set, the city's domains first, in the order of their APIs."""
    found = [
        Offer(describe_dataset(api, dataset), describe(api, control.public_url))
        for api in usable(control)
        for dataset in api.info.datasets
    ]
    return sorted(found, key=lambda one: one.api.domain == "platform")


def find(control: Control, dataset: str) -> Offer | None:
    return next((one for one in offers(control) if one.dataset.id == dataset), None)


def search(found: Iterable[Offer], query: str, chosen: Mapping[str, str]) -> list[Offer]:
    """Those that have every word of ``query`` and every chosen value of a facet."""
    asked = folded(query[:LONGEST_QUERY]).split()
    return [
        one
        for one in found
        if all(word in one.words for word in asked)
        and all(one.facets[name] == value for name, value in chosen.items())
    ]


def choices(found: list[Offer], query: str, chosen: Mapping[str, str]) -> dict[str, list[Choice]]:
    """Facet → its values, with what choosing each would find."""
    made = {}
    for facet in FACETS:
        others = {name: value for name, value in chosen.items() if name != facet}
        counts = Counter(one.facets[facet] for one in search(found, query, others))
        values = dict.fromkeys(one.facets[facet] for one in found)
        made[facet] = [
            Choice(value, counts[value], chosen.get(facet) == value) for value in sorted(values)
        ]
    return made


def folded(text: str) -> str:
    """Full and half width, upper and lower case alike (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", text).casefold()


def licence_name(licence: str) -> str:
    """A short name for a licence; its host where it is another; empty for none."""
    return _LICENCES.get(licence) or urlsplit(licence).hostname or licence


def first_call(control: Control) -> Route | None:
    """Something that anybody can call at once: open data, with nothing to fill in.

    Of several, what changes least often: a list of places is there when no alert is.
    """
    found = [
        (one.dataset.update_seconds, route)
        for one in offers(control)
        if one.api.domain not in _ABOUT_THE_PLATFORM
        for api in usable(control)
        for route in api.routes
        if route["dataset"] == one.dataset.id and _is_for_anybody(route)
    ]
    return max(found, key=lambda one: one[0])[1] if found else None


def _is_for_anybody(route: Route) -> bool:
    return (
        route["access"] == "open"
        and route["method"] == "GET"
        and "{" not in route["path"]
        and not route["stream"]
    )

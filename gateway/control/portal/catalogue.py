"""``/developers/catalogue`` and ``/developers/datasets/…``: for people, and as linked data."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from gateway.control.catalogue.entries import DatasetEntry
from gateway.control.pages.posts import shown
from gateway.control.pages.wide import language_of
from gateway.control.portal import dcat, examples, offers, quality
from gateway.control.portal.linked import HTML, form_of, linked
from gateway.control.portal.navigation import portal_page
from gateway.control.portal.offers import FACETS, LONGEST_QUERY, Offer
from gateway.control.portal.texts import PORTAL_TEXTS
from gateway.control.portal.titles import title_of
from gateway.control.staff.browser import signed_in
from gateway.control.state import Control, ControlDep
from schemas.problem import NotFound
from schemas.purposes import PURPOSES

router = APIRouter(tags=["Developer portal"])

DatasetId = Annotated[str, Path(max_length=100)]
TITLE: Final = (PORTAL_TEXTS["ja"]["catalogue_of"], PORTAL_TEXTS["en"]["catalogue_of"])


@router.get(
    dcat.CATALOGUE,
    operation_id="showCatalogue",
    summary="The catalogue: a page, or DCAT-AP as JSON-LD or Turtle",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show_catalogue(request: Request, control: ControlDep) -> Response:
    everything = offers.offers(control)
    form = form_of(request)
    if form != HTML:
        return linked(
            control, form, "", lambda: dcat.catalogue(control.public_url, TITLE, everything)
        )
    query = request.query_params.get("q", "")[:LONGEST_QUERY]
    asked = {name: request.query_params.get(name, "") for name in FACETS}
    chosen = {name: value for name, value in asked.items() if value}
    response = portal_page(
        request,
        control,
        "portal/catalogue.html",
        await signed_in(request, control),
        query=query,
        found=offers.search(everything, query, chosen),
        total=len(everything),
        facets=offers.choices(everything, query, chosen),
        apis=offers.apis(control),
        licence_name=offers.licence_name,
        title_of=title_of(request),
    )
    return _varied(response)


@router.get(
    dcat.DATASETS + "/{dataset}",
    operation_id="showDataset",
    summary="One data set: a page, or DCAT-AP as JSON-LD or Turtle",
    response_class=Response,
    openapi_extra=shown(rate=600),
)
async def show_dataset(dataset: DatasetId, request: Request, control: ControlDep) -> Response:
    offer = offers.find(control, dataset)
    if offer is None:
        raise NotFound("There is no such data set: see /developers/catalogue.")
    form = form_of(request)
    if form != HTML:
        return linked(
            control, form, dataset, lambda: dcat.dataset(control.public_url, TITLE, offer)
        )
    response = portal_page(
        request,
        control,
        "portal/dataset.html",
        await signed_in(request, control),
        offer=offer,
        one=offer.dataset,
        quality=quality.of_dataset(control, offer.api.name, dataset),
        calls=_calls(control, offer),
        example=_example(control, offer),
        purposes=_purposes(offer.dataset, language_of(request)),
        licence_name=offers.licence_name,
        title_of=title_of(request),
    )
    return _varied(response)


def _calls(control: Control, offer: Offer) -> list[dict[str, Any]]:
    """The operations that serve it, each with the address of its reference."""
    return [
        {**route, "reference": examples.reference(offer.api.name, route["id"])}
        for api in offers.usable(control)
        for route in api.routes
        if api.territory.name == offer.api.name and route["dataset"] == offer.dataset.id
    ]


def _example(control: Control, offer: Offer) -> str:
    api = next(one for one in offers.usable(control) if one.territory.name == offer.api.name)
    serving = [one for one in api.routes if one["dataset"] == offer.dataset.id]
    best = min(serving, key=lambda one: (one["method"] != "GET", "{" in one["path"]), default=None)
    return examples.curl(control.public_url, best) if best else ""


def _purposes(dataset: DatasetEntry, language: str) -> list[str]:
    known = [PURPOSES[one] for one in dataset.purposes if one in PURPOSES]
    return [one.en if language == "en" else one.ja for one in known]


def _varied(response: Response) -> Response:
    response.headers["Vary"] = "Accept, Accept-Language, Cookie"
    return response

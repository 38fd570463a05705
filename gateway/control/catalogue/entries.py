"""What the public catalogue says of an API and of a data set."""

from __future__ import annotations

from pydantic import Field

from gateway.control.policy.compiler import CompiledApi
from gateway.control.wire import Wire
from schemas.policy import Access
from schemas.xcity import Dataset, LegalClass


class ApiEntry(Wire):
    name: str
    domain: str
    title: str
    title_ja: str
    description: str
    version: str
    operated_by_city: bool
    document: str = Field(description="URL of its OpenAPI document")
    datasets: list[str] = Field(description="Ids, see /catalogue/v1/datasets")
    scopes: list[str]
    operations: int


class DatasetOperation(Wire):
    method: str
    path: str
    access: Access


class FieldEntry(Wire):
    id: str
    title: str
    title_ja: str


class DatasetEntry(Wire):
    """A data set (DCAT 3 names: licence, updateSeconds, standard stand for dcterms:license,
    accrualPeriodicity, conformsTo)."""

    id: str
    title: str
    title_ja: str
    title_easy: str = Field(description="In plain Japanese (やさしい日本語); often empty")
    description: str
    licence: str
    legal_class: LegalClass = Field(description="Japan's APPI (個人情報保護法), or open")
    update_seconds: int
    standard: str
    fields: list[FieldEntry] = Field(description="What a resident can share without the rest")
    purposes: list[str] = Field(description="What it may be used for; for anything when empty")
    api: str
    operations: list[DatasetOperation]


def describe(api: CompiledApi, public_url: str) -> ApiEntry:
    """One API's catalogue entry; its title comes from its own document."""
    info = api.document["info"]
    name = api.territory.name
    return ApiEntry(
        name=name,
        domain=api.info.domain,
        title=info["title"],
        title_ja=api.info.title_ja,
        description=str(info.get("description", "")),
        version=str(info.get("version", "")),
        operated_by_city=api.territory.internal,
        document=f"{public_url}/catalogue/v1/apis/{name}/openapi.json",
        datasets=[dataset.id for dataset in api.info.datasets],
        scopes=sorted({s for route in api.routes for some in route["scopes"] for s in some}),
        operations=len(api.routes),
    )


def describe_dataset(api: CompiledApi, dataset: Dataset) -> DatasetEntry:
    """One data set, with the operations that serve it."""
    serving = [
        DatasetOperation(method=route["method"], path=route["path"], access=route["access"])
        for route in api.routes
        if route["dataset"] == dataset.id
    ]
    members = dataset.model_dump(exclude={"fields": {"__all__": {"paths"}}})
    return DatasetEntry(**members, api=api.territory.name, operations=serving)

"""Documents → routes: the whole of one API, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.control.policy import paths
from gateway.control.policy.datasets import check_dataset, place
from gateway.control.policy.document import (
    Json,
    api_info,
    parse,
    resolve,
    server_path,
)
from gateway.control.policy.findings import Findings, pointer
from gateway.control.policy.operations import compile_operation
from gateway.control.policy.security import Setting, oauth_schemes
from gateway.control.policy.territory import Territory
from schemas.policy import Route
from schemas.problem import Fault
from schemas.xcity import ApiInfo

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch")
_ITEM_FIELDS: Final = frozenset(("summary", "description", "parameters"))
MOST_OPERATIONS: Final = 2000


@dataclass(frozen=True, slots=True)
class CompiledApi:
    """One API as the policy has it. With ``faults`` it has no routes and must not be used."""

    territory: Territory
    document: Json
    info: ApiInfo
    routes: tuple[Route, ...] = ()
    faults: tuple[Fault, ...] = ()
    mounts: dict[str, str] = field(default_factory=dict)
    """The document's path → the public one."""


def compile_api(
    raw: bytes,
    territory: Territory,
    origins: Iterable[str] = (),
    taken_datasets: Iterable[str] = (),
) -> CompiledApi:
    """Compile one document.

    Args:
        raw: the document as fetched.
        territory: what the API may name.
        origins: ``http://host:port`` that mean this API in its ``servers``.
        taken_datasets: data sets of the other APIs.
    """
    findings = Findings()
    document = parse(raw, findings)
    if not document:
        return CompiledApi(territory, {}, ApiInfo(domain=territory.name), (), _faults(findings))
    info = api_info(document, territory.name, findings)
    taken = frozenset(taken_datasets)
    for number, dataset in enumerate(info.datasets):
        where = place(number)
        if dataset.id in taken:
            what = f"Data set {dataset.id!r} belongs to another API."
            findings.add(pointer(*where, "id"), what)
        check_dataset(dataset, where, findings)
    base = territory.mount + server_path(document, tuple(origins), findings)
    datasets = {dataset.id: dataset for dataset in info.datasets}
    setting = Setting(document, territory, datasets, oauth_schemes(document))
    routes = list(_routes(setting, base, findings))
    _check_together(routes, findings)
    if not routes and not findings:
        findings.add("/paths", "The document has no operations.")
    if findings:
        return CompiledApi(territory, document, info, (), _faults(findings))
    mounts = {path: base + path for path in document["paths"] if not path.startswith("x-")}
    return CompiledApi(territory, document, info, tuple(routes), (), mounts)


def _faults(findings: Findings) -> tuple[Fault, ...]:
    return tuple(findings.faults)


def _routes(setting: Setting, base: str, findings: Findings) -> Iterator[Route]:
    count = 0
    for template, item in setting.document["paths"].items():
        if template.startswith("x-"):
            continue
        where = ("paths", template)
        if not template.startswith("/"):
            findings.add(pointer(*where), "A path begins with a slash.")
            continue
        public = base + template
        segments = paths.split(public, pointer(*where), findings)
        if segments is None or not _item_is_usable(item, where, findings):
            continue
        if not setting.territory.holds_path(public):
            allowed = " or ".join(setting.territory.prefixes)
            findings.add(pointer(*where), f"{public} is not this API's.", f"Serve under {allowed}.")
            continue
        for method in METHODS:
            if method not in item:
                continue
            count += 1
            if count > MOST_OPERATIONS:
                findings.add("/paths", f"There are more than {MOST_OPERATIONS} operations.")
                return
            at = (*where, method)
            operation = item[method]
            if not isinstance(operation, dict):
                findings.add(pointer(*at), "This is no operation object.")
                continue
            _check_parameters(setting.document, segments, item, operation, at, findings)
            route = compile_operation(
                setting, method.upper(), public, segments, operation, at, findings
            )
            if route:
                yield route


def _item_is_usable(item: Any, where: tuple[object, ...], findings: Findings) -> bool:
    if not isinstance(item, dict):
        findings.add(pointer(*where), "This is no path item object.")
        return False
    if "$ref" in item:
        findings.add(pointer(*where, "$ref"), "A path item must be written out.")
        return False
    for name in item:
        if name in {"trace", "connect"}:
            findings.add(pointer(*where, name), f"{name.upper()} is never routed.", "Take it out.")
        elif name not in METHODS and name not in _ITEM_FIELDS and not name.startswith("x-"):
            findings.add(pointer(*where, name), f"{name!r} is not supported in a path item.")
    return True


def _check_parameters(
    document: Json,
    segments: list[str],
    item: Json,
    operation: Json,
    where: tuple[object, ...],
    findings: Findings,
) -> None:
    lists = (item.get("parameters", []), operation.get("parameters", []))
    if not all(isinstance(one, list) for one in lists):
        findings.add(pointer(*where, "parameters"), "parameters is not an array.")
        return
    objects = [resolve(document, one) for some in lists for one in some]
    declared = {str(one.get("name")) for one in objects if one.get("in") == "path"}
    for name in paths.parameters(segments):
        if name not in declared:
            findings.add(
                pointer(*where, "parameters"),
                f"Path parameter {name!r} is not declared.",
                "Declare it with in: path.",
            )
    for name in sorted(declared.difference(paths.parameters(segments))):
        findings.add(pointer(*where, "parameters"), f"The path has no {{{name}}}.")


def _check_together(routes: list[Route], findings: Findings) -> None:
    ids: dict[str, Route] = {}
    places: dict[tuple[str, paths.Shape], Route] = {}
    for route in routes:
        shape = paths.shape(route["path"].split("/")[1:])
        other = ids.setdefault(route["id"], route)
        if other is not route:
            findings.add(_place(route), f"operationId of {_name(other)} too.", "Rename one.")
        other = places.setdefault((route["method"], shape), route)
        if other is not route:
            findings.add(_place(route), f"This is the same route as {_name(other)}.")
    for one, two in paths.crossing(shape for _, shape in places):
        findings.add(
            "/paths",
            f"{paths.template(one)} and {paths.template(two)} match the same path, "
            "and neither is the narrower.",
            "Make a segment of one of them different.",
        )


def _name(route: Route) -> str:
    return f"{route['method']} {route['path']}"


def _place(route: Route) -> str:
    path = route["path"].removeprefix(route["strip"])
    return pointer("paths", path, route["method"].lower())

"""The policy compiler: what a document becomes, and each thing it is refused for."""

from __future__ import annotations

import copy
import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.control.catalogue.entries import describe
from gateway.control.catalogue.whole import public_document, whole_document
from gateway.control.policy import paths
from gateway.control.policy.compiler import CompiledApi, compile_api
from gateway.control.policy.document import LARGEST
from gateway.control.policy.territory import RESERVED, check_name, territory

THIRD = territory("parks", internal=False)
CITY = territory("mobility", internal=True)

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Parks", "version": "1"},
    "paths": {
        "/benches": {
            "get": {
                "operationId": "listBenches",
                "security": [{"oauth": ["parks:read"]}],
                "x-city": {
                    "rate": {"requests": 5, "seconds": 1},
                    "quota": 900,
                    "dataset": "benches",
                },
            },
        },
        "/benches/{bench}": {
            "parameters": [{"name": "bench", "in": "path", "required": True}],
            "put": {
                "security": [{"oauth": ["parks:write", "parks:admin"]}, {"oauth": ["parks:a"]}]
            },
            "get": {"security": [], "x-city": {"access": "open"}},
        },
    },
    "components": {"securitySchemes": {"oauth": {"type": "oauth2", "flows": {}}}},
    "x-city": {
        "domain": "leisure",
        "datasets": [
            {"id": "benches", "title": "Benches", "titleJa": "ベンチ"},
            {"id": "sitters", "title": "S", "titleJa": "人", "legalClass": "personal"},
        ],
    },
}


def compiled(document: Any, where: Any = THIRD, **options: Any) -> CompiledApi:
    return compile_api(json.dumps(document).encode(), where, **options)


def changed(*path: Any, to: Any) -> dict[str, Any]:
    """The document with one thing different; ``to=None`` takes it out."""
    document = copy.deepcopy(DOCUMENT)
    node = document
    for key in path[:-1]:
        node = node[key]
    if to is None:
        del node[path[-1]]
    else:
        node[path[-1]] = to
    return document


GET = ("paths", "/benches", "get")


def test_an_attached_api_gets_its_place_its_scopes_and_its_limits() -> None:
    api = compiled(DOCUMENT)
    assert api.faults == ()
    routes = {(route["method"], route["path"]): route for route in api.routes}
    read = routes["GET", "/apps/parks/benches"]
    assert read == {
        "id": "parks.listBenches",
        "method": "GET",
        "path": "/apps/parks/benches",
        "upstream": "parks",
        "strip": "/apps/parks",
        "confined": True,
        "access": "scoped",
        "scopes": [["parks:read"]],
        "subject": "",
        "dataset": "benches",
        "priority": "normal",
        "rate": {"requests": 5, "seconds": 1},
        "quota": 900,
        "max_body_bytes": 1_048_576,
        "stream": False,
    }
    write = routes["PUT", "/apps/parks/benches/{bench}"]
    assert write["scopes"] == [["parks:a"], ["parks:admin", "parks:write"]]
    assert write["id"] == "parks.put_apps_parks_benches_bench"
    assert routes["GET", "/apps/parks/benches/{bench}"]["access"] == "open"


def test_a_get_may_switch_to_a_websocket_and_nothing_else_may() -> None:
    marked = {"upgrade": "websocket"}
    (read,) = [
        route
        for route in compiled(changed(*GET, "x-city", to=marked)).routes
        if route["path"] == "/apps/parks/benches"
    ]
    assert read["upgrade"] == "websocket"
    assert compiled(changed(*GET, "x-city", to={"upgrade": "h2c"})).faults
    put = ("paths", "/benches/{bench}", "put")
    assert compiled(changed(*put, "x-city", to=marked)).faults


def test_a_city_api_keeps_its_own_paths() -> None:
    document = changed(
        "paths", to={"/mobility/v1/stops": {"get": DOCUMENT["paths"]["/benches"]["get"]}}
    )
    text = json.dumps(document).replace("parks:", "mobility:")
    (route,) = compile_api(text.encode(), CITY).routes
    assert (route["path"], route["strip"]) == ("/mobility/v1/stops", "")


@pytest.mark.parametrize(
    ("servers", "path"),
    [
        ([{"url": "/v2"}], "/apps/parks/v2/benches"),
        ([{"url": "/v2/"}], "/apps/parks/v2/benches"),
        ([{"url": "http://parks:9/v2"}], "/apps/parks/v2/benches"),
        ([{"url": "/"}], "/apps/parks/benches"),
        ([], "/apps/parks/benches"),
    ],
)
def test_the_servers_path_is_part_of_it(servers: Any, path: str) -> None:
    document = {**DOCUMENT, "servers": servers}
    api = compiled(document, origins=["http://parks:9"])
    assert path in [route["path"] for route in api.routes], api.faults


REFUSALS: list[tuple[str, Any, str | None]] = [
    # who may call
    ("no security", changed(*GET, "security", to=None), "/paths/~1benches/get/security"),
    ("security not an array", changed(*GET, "security", to={}), "/paths/~1benches/get/security"),
    ("no token but not open", changed(*GET, "security", to=[]), "/paths/~1benches/get/security"),
    (
        "open but with a token",
        changed(*GET, "x-city", to={"access": "open"}),
        "/paths/~1benches/get/security",
    ),
    ("optional", changed(*GET, "security", to=[{}]), "/paths/~1benches/get/security/0"),
    (
        "two schemes",
        changed(*GET, "security", to=[{"oauth": ["parks:a"], "key": []}]),
        "/paths/~1benches/get/security/0",
    ),
    (
        "unknown scheme",
        changed(*GET, "security", to=[{"key": ["parks:a"]}]),
        "/paths/~1benches/get/security/0",
    ),
    (
        "no scope",
        changed(*GET, "security", to=[{"oauth": []}]),
        "/paths/~1benches/get/security/0",
    ),
    (
        "access unknown",
        changed(*GET, "x-city", to={"access": "x"}),
        "/paths/~1benches/get/x-city/access",
    ),
    (
        "x-city unknown",
        changed(*GET, "x-city", to={"acess": "open"}),
        "/paths/~1benches/get/x-city/acess",
    ),
    # scopes
    *(
        (
            f"scope {scope!r}",
            changed(*GET, "security", to=[{"oauth": [scope]}]),
            "/paths/~1benches/get/security/0",
        )
        for scope in (
            "read",
            "parks:",
            "Parks:read",
            "mobility:read",
            "operator:apis",
            "parks:a b",
            5,
            "parksx:read",
        )
    ),
    # paths
    *(
        (
            f"path {path!r}",
            changed("paths", path, to={"get": DOCUMENT["paths"]["/benches"]["get"]}),
            None,
        )
        for path in (
            "/../oauth/token",
            "/a//b",
            "/a/./b",
            "/a/%2e%2e/b",
            "/a%2Fb",
            "/{a}{b}",
            "/a{b}",
            "/{a",
            "/{}",
            "/{a}/{a}",
            "benches",
            "",
            "/a?b",
            "/a#b",
            "/a b",
            "/a\\b",
            "/日本",
            "/" + "a" * 1000,
            "/a" * 40,
        )
    ),
    (
        "undeclared parameter",
        changed("paths", "/benches/{bench}", "parameters", to=None),
        "/paths/~1benches~1{bench}/put/parameters",
    ),
    (
        "same shape",
        changed(
            "paths",
            "/benches/{id}",
            to={
                "parameters": [{"name": "id", "in": "path"}],
                "get": {"operationId": "x", "security": [], "x-city": {"access": "open"}},
            },
        ),
        "/paths/~1benches~1{id}/get",
    ),
    ("trace", changed("paths", "/benches", "trace", to={}), "/paths/~1benches/trace"),
    ("connect", changed("paths", "/benches", "connect", to={}), "/paths/~1benches/connect"),
    ("own servers", changed("paths", "/benches", "servers", to=[]), "/paths/~1benches/servers"),
    ("no item", changed("paths", "/benches", to=5), "/paths/~1benches"),
    ("no operation", changed(*GET, to="x"), "/paths/~1benches/get"),
    (
        "operationId twice",
        changed("paths", "/benches/{bench}", "get", "operationId", to="listBenches"),
        "/paths/~1benches~1{bench}/get",
    ),
    ("odd operationId", changed(*GET, "operationId", to="a b"), "/paths/~1benches/get/operationId"),
    # personal data
    (
        "personal without data set",
        changed(*GET, "x-city", to={"access": "personal"}),
        "/paths/~1benches/get/x-city",
    ),
    (
        "personal, data set open",
        changed(*GET, "x-city", to={"access": "personal", "dataset": "benches"}),
        "/paths/~1benches/get/x-city/dataset",
    ),
    (
        "subject not in the path",
        changed(*GET, "x-city", to={"access": "personal", "dataset": "sitters", "subject": "who"}),
        "/paths/~1benches/get/x-city/subject",
    ),
    (
        "subject of nobody",
        changed(*GET, "x-city", to={"subject": "x"}),
        "/paths/~1benches/get/x-city/subject",
    ),
    (
        "data set unknown",
        changed(*GET, "x-city", "dataset", to="x"),
        "/paths/~1benches/get/x-city/dataset",
    ),
    # limits
    (
        "body too large",
        changed(*GET, "x-city", to={"maxBodyBytes": 2**30}),
        "/paths/~1benches/get/x-city/maxBodyBytes",
    ),
    (
        "body negative",
        changed(*GET, "x-city", to={"maxBodyBytes": -1}),
        "/paths/~1benches/get/x-city/maxBodyBytes",
    ),
    (
        "priority",
        changed(*GET, "x-city", to={"priority": "life-safety"}),
        "/paths/~1benches/get/x-city/priority",
    ),
    (
        "rate",
        changed(*GET, "x-city", to={"rate": {"requests": 0, "seconds": 1}}),
        "/paths/~1benches/get/x-city/rate/requests",
    ),
    # the document as a whole
    ("version", changed("openapi", to="2.0"), "/openapi"),
    ("no version", changed("openapi", to=None), "/openapi"),
    ("no title", changed("info", to={"version": "1"}), "/info/title"),
    ("no paths", changed("paths", to={}), "/paths"),
    ("other origin", {**DOCUMENT, "servers": [{"url": "https://evil.example/"}]}, "/servers/0/url"),
    ("protocol-relative", {**DOCUMENT, "servers": [{"url": "//evil.example/"}]}, "/servers/0/url"),
    ("server template", {**DOCUMENT, "servers": [{"url": "/{x}"}]}, "/servers/0/url"),
    ("server dots", {**DOCUMENT, "servers": [{"url": "/a/../.."}]}, "/servers/0/url"),
    ("two servers", {**DOCUMENT, "servers": [{"url": "/a"}, {"url": "/b"}]}, "/servers"),
    ("servers not an array", {**DOCUMENT, "servers": {"url": "/"}}, "/servers"),
    (
        "reference outside",
        changed("components", "schemas", to={"A": {"$ref": "https://evil.example/a.json"}}),
        "/components/schemas/A/$ref",
    ),
    (
        "reference to a file",
        changed("components", "schemas", to={"A": {"$ref": "other.json#/A"}}),
        "/components/schemas/A/$ref",
    ),
    (
        "reference to nothing",
        changed("components", "schemas", to={"A": {"$ref": "#/components/schemas/B"}}),
        "/components/schemas/A/$ref",
    ),
    (
        "reference under a property called example",
        changed("components", "schemas", to={"A": {"properties": {"example": {"$ref": "x"}}}}),
        "/components/schemas/A/properties/example/$ref",
    ),
    (
        "cache of a change",
        changed("paths", "/benches/{bench}", "put", "x-city", to={"cache": {}}),
        "/paths/~1benches~1{bench}/put/x-city/cache",
    ),
    (
        "cache of a stream",
        changed(*GET, "x-city", to={"cache": {}, "stream": True}),
        "/paths/~1benches/get/x-city/cache",
    ),
    (
        "cache of personal data",
        changed(*GET, "x-city", to={"cache": {}, "access": "personal", "dataset": "sitters"}),
        "/paths/~1benches/get/x-city/cache",
    ),
    (
        "cache with members",
        changed(*GET, "x-city", to={"cache": {"seconds": 5}}),
        "/paths/~1benches/get/x-city/cache/seconds",
    ),
    ("x-city of the root", changed("x-city", "domain", to="Not A Domain"), "/x-city/domain"),
    ("not an object", [], ""),
    (
        "too many",
        changed(
            "paths",
            to={
                f"/p{n}": {"get": {"security": [], "x-city": {"access": "open"}}}
                for n in range(2001)
            },
        ),
        "/paths",
    ),
]


@pytest.mark.parametrize(
    ("document", "where"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS]
)
def test_a_document_is_refused_whole_and_says_where(document: Any, where: str | None) -> None:
    api = compiled(document)
    assert api.routes == ()
    assert api.faults
    assert all(fault.what for fault in api.faults)
    if where is not None:
        assert where in [fault.where for fault in api.faults], api.faults


def test_all_that_is_wrong_is_said_at_once() -> None:
    document = changed(*GET, "security", to=None)
    document["paths"]["/benches/{bench}"]["put"]["security"] = [{"oauth": ["mobility:read"]}]
    document["paths"]["/a//b"] = {}
    assert len(compiled(document).faults) == 3


def test_how_to_open_an_operation_is_told() -> None:
    (fault,) = compiled(changed(*GET, "security", to=None)).faults
    assert "security: []" in fault.fix
    assert "x-city: {access: open}" in fault.fix


def test_security_of_the_whole_document_counts_but_never_opens() -> None:
    inherited = changed(*GET, "security", to=None)
    assert compiled({**inherited, "security": [{"oauth": ["parks:read"]}]}).faults == ()
    opened = changed(*GET, to={"x-city": {"access": "open"}})
    assert compiled({**opened, "security": []}).faults


def test_a_narrower_path_wins_and_a_crossing_one_is_refused() -> None:
    def item(*names: str) -> dict[str, Any]:
        return {
            "parameters": [{"name": name, "in": "path"} for name in names],
            "get": {"security": [], "x-city": {"access": "open"}},
        }

    narrower = {"/a/{x}": item("x"), "/a/b": item(), "/a/{x}/c": item("x"), "/a/b/d": item()}
    crossing = {"/a/{x}/c": item("x"), "/a/b/{y}": item("y")}
    assert compiled(changed("paths", to=narrower)).faults == ()
    (fault,) = compiled(changed("paths", to=crossing)).faults
    assert "neither is the narrower" in fault.what


def test_a_city_api_must_stay_on_its_ground() -> None:
    moved = changed(
        "paths", to={"/oauth/token": {"get": {"security": [], "x-city": {"access": "open"}}}}
    )
    (fault,) = compile_api(json.dumps(moved).encode(), CITY).faults
    assert "/mobility" in fault.fix


def test_a_data_set_belongs_to_one_api() -> None:
    (fault,) = compiled(DOCUMENT, taken_datasets=["sitters"]).faults
    assert fault.where == "/x-city/datasets/1/id"


def test_what_cannot_be_read_is_refused() -> None:
    for raw in (b"", b"{", b"openapi: 3.1.0", b"\xff\xfe", b"[" * 100_000, b" " * (LARGEST + 1)):
        assert compile_api(raw, THIRD).faults


def test_depth_is_bounded() -> None:
    node: dict[str, Any] = {}
    for _ in range(200):
        node = {"a": node}
    assert compiled({**DOCUMENT, "x-deep": node}).faults


def test_references_that_go_in_circles_end() -> None:
    document = changed(
        "paths", "/benches/{bench}", "parameters", to=[{"$ref": "#/components/parameters/A"}]
    )
    document["components"]["parameters"] = {"A": {"$ref": "#/components/parameters/A"}}
    assert compiled(document).faults


@pytest.mark.parametrize("name", sorted(RESERVED))
def test_the_citys_names_are_not_given_away(name: str) -> None:
    with pytest.raises(ValueError, match=r"city's own|is no name"):
        check_name(name, internal=False)


@pytest.mark.parametrize("name", ["", "a", "A", "a/b", "-a", "a-", "1a", "a" * 41, "a.b", "é"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name"):
        check_name(name, internal=False)


TEXT = st.text("aA/{}.%:~$# é\\", max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.data())
def test_no_document_makes_the_compiler_fail_or_leave_its_ground(data: st.DataObject) -> None:
    """Whatever is put anywhere: routes within the territory, or faults; never an exception."""
    document: Any = copy.deepcopy(DOCUMENT)
    node = document
    while isinstance(node, dict) and node:
        key = data.draw(st.sampled_from(sorted(node)))
        if not isinstance(node[key], dict) or data.draw(st.booleans()):
            node[key] = data.draw(JSON)
            break
        node = node[key]
    api = compiled(document)
    assert bool(api.routes) != bool(api.faults)
    for route in api.routes:
        assert route["path"].startswith("/apps/parks/")
        assert (route["access"] == "open") != bool(route["scopes"])
        assert all(scope.startswith("parks:") for some in route["scopes"] for scope in some)
    if api.routes:  # what was accepted can be shown
        orjson.dumps([whole_document([api], "https://c"), public_document(api, "https://c")])
        describe(api, "https://c").model_dump_json()


SEGMENT = st.sampled_from(["a", "b", None])


@settings(deadline=None)
@given(st.lists(st.tuples(SEGMENT, SEGMENT, SEGMENT), max_size=12))
def test_without_crossing_paths_every_request_has_one_narrowest_template(
    shapes: list[paths.Shape],
) -> None:
    if list(paths.crossing(shapes)):
        return
    for request in {tuple(segment or "a" for segment in shape) for shape in shapes}:
        matching = [
            shape
            for shape in set(shapes)
            if all(mine in {None, given} for mine, given in zip(shape, request, strict=True))
        ]
        narrowest = min(matching, key=lambda shape: shape.count(None))
        for other in matching:
            assert all(
                yours is None or mine == yours for mine, yours in zip(narrowest, other, strict=True)
            )

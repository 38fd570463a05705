"""What a resident reads about a scope."""

from __future__ import annotations

import copy
import json

from gateway.control.oauth.asked import describe
from gateway.control.policy.compiler import compile_api
from tests.gateway.control.test_compiler import DOCUMENT, THIRD


def test_a_scope_is_told_by_its_data_sets_personal_ones_first() -> None:
    document = copy.deepcopy(DOCUMENT)
    put = document["paths"]["/benches/{bench}"]["put"]
    put["x-city"] = {"access": "personal", "dataset": "sitters"}
    api = compile_api(json.dumps(document).encode(), THIRD)
    wanted = ["mobility:read", "parks:read", "parks:write"]
    japanese = describe([api], wanted, "ja")
    english = describe([api], wanted, "en")
    assert [(one.scope, one.title, one.action, one.personal) for one in japanese] == [
        ("parks:write", "人", "write", True),
        ("mobility:read", "mobility:read", "act", False),
        ("parks:read", "ベンチ", "read", False),
    ]
    assert [one.title for one in english] == ["S", "mobility:read", "Benches"]

"""APIs in the console: seen before they are attached."""

from __future__ import annotations

import copy
import re

from tests.gateway.control.console.desk import Desk
from tests.gateway.control.test_compiler import DOCUMENT

PAGE = "/console/apis"
URL = "http://parks.internal:9000/openapi.json"
NEW = {"name": "parks", "documentUrl": URL}


async def test_an_api_is_looked_at_then_attached_fetched_anew_and_detached(desk: Desk) -> None:
    desk.city.network.documents[URL] = copy.deepcopy(DOCUMENT)
    page = await desk.post(PAGE, decision="preview", **NEW)
    assert page.status_code == 200
    assert "/apps/parks/benches/{bench}" in page.text
    assert (await desk.city.http.get("/control/v1/apis/parks")).status_code == 404
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', page.text)
    assert digest
    await desk.press(PAGE, "attach", digest=digest[1], **NEW)
    assert (await desk.city.http.get("/control/v1/apis/parks")).json()["state"] == "attached"
    desk.city.network.documents[URL]["paths"] = {}
    shown = await desk.press(f"{PAGE}/parks", "refetch")
    assert "/paths" in shown.text, "the finding is on its page"
    assert "New document refused" in shown.text
    assert (await desk.post(f"{PAGE}/parks", decision="detach")).status_code == 422
    await desk.press(f"{PAGE}/parks", "detach", sure="yes")
    assert (await desk.city.http.get("/control/v1/apis/parks")).status_code == 404


async def test_findings_are_shown_with_place_and_remedy_and_nothing_is_attached(desk: Desk) -> None:
    document = copy.deepcopy(DOCUMENT)
    del document["paths"]["/benches"]["get"]["security"]
    desk.city.network.documents[URL] = document
    page = await desk.post(PAGE, decision="preview", **NEW)
    assert page.status_code == 200
    assert "/paths/~1benches/get" in page.text
    assert 'value="attach"' not in page.text
    answer = await desk.post(PAGE, decision="attach", **NEW)
    assert answer.status_code == 422
    assert "/paths/~1benches/get" in answer.text


async def test_what_changed_since_it_was_seen_is_not_attached(desk: Desk) -> None:
    desk.city.network.documents[URL] = copy.deepcopy(DOCUMENT)
    answer = await desk.post(PAGE, decision="attach", digest="0" * 64, **NEW)
    assert answer.status_code == 409
    assert "look at it again" in answer.text


async def test_the_city_s_own_cannot_be_detached(desk: Desk) -> None:
    answer = await desk.post(f"{PAGE}/control", decision="detach", sure="yes")
    assert answer.status_code in {404, 409}

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

from connectors.education.connector import EducationConnector
from tests.connectors.education.test_oneroster import archive
from tests.connectors.harness import Running, running

FEED = "/education/v1/feeds/oneroster"
MINE = "/education/v1/residents/me/enrolments"


async def link(run: Running, subject: str, user: str) -> dict[str, str]:
    body = {"subject": subject, "localId": user}
    assert (await run.api.post("/education/v1/links", json=body)).status_code == 204
    return {"x-city-subject": subject}


async def test_a_pushed_roster_comes_out_by_api_and_as_entities(tmp_path: Path) -> None:
    async with running(EducationConnector, tmp_path) as run:
        assert (await run.api.put(FEED, content=archive())).json()["changedEntities"] == 2
        school = (await run.api.get("/education/v1/schools/s")).json()
        assert school["name"] == "South School"
        assert (await run.api.get(f"/education/v1/schools/{school['id']}")).json() == school
        assert (await run.api.get("/education/v1/schools/x")).status_code == 404
        me = await link(run, "pseudonym-u", "u")
        (enrolment,) = (await run.api.get(MINE, headers=me)).json()["items"]
        assert enrolment["endDate"] == "2026-10-31"
        assert (await run.api.get(f"{MINE}?role=teacher", headers=me)).json()["total"] == 0
        await run.said.until(lambda said: len(said.entities()) == 2)
        published = run.said.entities()[enrolment["id"]]
        assert published["school"] == {"type": "Relationship", "object": school["id"]}
        assert published["courseName"]["value"] == enrolment["courseName"]


async def test_a_broken_roster_leaves_the_good_one_served(tmp_path: Path) -> None:
    async with running(EducationConnector, tmp_path) as run:
        await run.api.put(FEED, content=archive())
        refused = await run.api.put(FEED, content=archive(enrollments=("k,s,u", "x,s,u")))
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["where"] == "enrollments.csv:2 classSourcedId"
        assert (await run.api.get("/education/v1/schools")).json()["total"] == 1
        me = await link(run, "pseudonym-u", "u")
        assert (await run.api.get(MINE, headers=me)).json()["total"] == 1


async def test_a_resident_sees_only_their_own_enrolments(tmp_path: Path) -> None:
    async with running(EducationConnector, tmp_path, sample=True) as run:
        await run.connector.feeds["oneroster"].loaded.wait()
        hana = await link(run, "pseudonym-hana", "user-hana")
        kenji = await link(run, "pseudonym-kenji", "user-kenji")
        for headers, user in ((hana, "user-hana"), (kenji, "user-kenji")):
            items = (await run.api.get(MINE, headers=headers)).json()["items"]
            assert {item["learner"] for item in items} == {user}
        other = "/education/v1/residents/pseudonym-kenji/enrolments"
        assert (await run.api.get(other, headers=hana)).status_code == 404
        assert (await run.api.get(MINE)).status_code == 403
        stranger = {"x-city-subject": "pseudonym-nobody"}
        assert (await run.api.get(MINE, headers=stranger)).status_code == 404


async def test_the_sample_city_s_schools_are_those_of_its_file(tmp_path: Path) -> None:
    async with running(EducationConnector, tmp_path, sample=True) as run:
        feed = run.connector.feeds["oneroster"]
        await feed.loaded.wait()
        assert feed.spec.sample is not None
        with zipfile.ZipFile(io.BytesIO(feed.spec.sample(run.connector.clock()))) as packed:
            orgs = list(csv.DictReader(io.StringIO(packed.read("orgs.csv").decode())))
        items = (await run.api.get("/education/v1/schools")).json()["items"]
        wanted = [
            [o["name"], o["metadata.nameEn"], o["metadata.longitude"], o["metadata.latitude"]]
            for o in orgs
            if o["type"] == "school"
        ]
        assert wanted == [
            [i["name"], i["nameEn"], *map(str, i["location"]["coordinates"])] for i in items
        ]


async def test_a_kept_roster_is_nobody_elses_to_read(tmp_path: Path) -> None:
    async with running(EducationConnector, tmp_path) as run:
        await run.api.put(FEED, content=archive())
    (kept,) = tmp_path.glob("*.db")
    assert kept.stat().st_mode & 0o077 == 0

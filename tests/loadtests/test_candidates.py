"""Each candidate does the work that the table says it does, over TLS as well."""

from __future__ import annotations

import http.client
import shutil
import ssl
from collections.abc import Iterator

import pytest

from loadtests.peers import candidates, measure, work, works
from loadtests.peers.place import Place
from loadtests.peers.report import FLOOR

PATH = work.ROUTES[0] + "/1"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """With the API behind it running."""
    if not shutil.which("nginx"):
        pytest.skip("the API behind all candidates is nginx: apt-get install nginx")
    folder = tmp_path_factory.mktemp("peers")
    found = Place.new(folder)
    behind = candidates.upstream(found)
    with measure.running(behind, measure.OTHER_CORE, found.upstream, folder):
        yield found


def ask(port: int, path: str, token: str, body: bytes = b"") -> int:
    """The status of one request over TLS."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    fields = {"Host": "city.example", **({"Authorization": f"Bearer {token}"} if token else {})}
    connection.request("POST" if body else "GET", path, body or None, fields)
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    assert reply.status != 200 or content.startswith(b'{"items"')
    return reply.status


@pytest.mark.parametrize("name", works.ALL)
def test_a_candidate_routes_verifies_and_lets_bodies_through(place: Place, name: str) -> None:
    secured = place.variant("ES256", tls=True)
    (candidate,) = [each for each in candidates.candidates(secured) if each.name == name]
    if not candidate.command:
        pytest.skip(f"{name} is not here; install {candidate.package}")
    good = place.signers[0].token(1)
    with measure.running(candidate, measure.CANDIDATE_CORE, secured.port, secured.folder):
        for path, body in ((PATH, b""), (f"{work.ROUTES[0]}/posted", b"x" * works.MB)):
            assert ask(secured.port, path, good, body) == 200
        if name != FLOOR:
            forged = good[:-8] + ("A" * 8 if not good.endswith("A" * 8) else "B" * 8)
            assert ask(secured.port, PATH, "") == 401
            assert ask(secured.port, PATH, forged) == 401
            assert ask(secured.port, "/nothing/v1/here/1", good) == 404

"""The proof is taken out of a header section, so that the rest can be remembered by its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core import bounds
from gateway.core.http.head import Fields, without_proof
from gateway.core.reply import Refused
from tests.gateway.core.city import api, gateway, request, snapshot
from tests.gateway.core.proofs import Holder, ask

BEFORE = b"Host: city.example\r\nAccept: a/b"
AFTER = b"X-Other: 1\r\n"
PROOF = b"aGVhZA.cGF5bG9hZA.c2ln"


@pytest.mark.parametrize("name", [b"DPoP", b"dpop"])
@pytest.mark.parametrize("after", [b"", AFTER])
def test_the_rest_is_as_if_there_had_been_no_proof(name: bytes, after: bytes) -> None:
    block = BEFORE + b"\r\n" + name + b": " + PROOF + b"\r\n" + after
    assert without_proof(block) == (BEFORE + b"\r\n" + after, PROOF)


@pytest.mark.parametrize(
    "line",
    [
        b"DPOP: a.b.c", b"DPoP:a.b.c", b"DPoP:  a.b.c", b"DPoP: a.b.c ", b"DPoP: a.b\tc", b"DPoP: ",
        b"DPoP: a.b\n.c", b"DPoP: a\r.b.c", b"DPoP: a.b\0.c", b"DPoP: a,b", b"DPoP: \xe3.b.c",
        b"X-DPoP: a.b.c", b"X: DPoP: a.b.c",
    ],
)  # fmt: skip
def test_what_is_not_written_in_the_usual_way_stays_where_it_is(line: bytes) -> None:
    block = BEFORE + b"\r\n" + line + b"\r\n" + AFTER
    assert without_proof(block) == (block, b"")


@given(st.lists(st.sampled_from([b"DPoP: a.b.c", b"dpop: d", b"", b"A: b", b"GET / HTTP/1.1"])))
def test_no_end_of_a_header_section_comes_or_goes(lines: list[bytes]) -> None:
    """Nothing that is behind an empty line, such as a body, becomes part of what is remembered."""
    block = b"\r\n".join([BEFORE, *lines, b""])
    rest, proof = without_proof(block)
    assert (b"\r\n\r\n" in rest) == (b"\r\n\r\n" in block)
    assert len(rest) == len(block) - (len(b"\r\nDPoP: " + proof) if proof else 0)


async def test_each_request_is_judged_by_its_own_proof() -> None:
    """The same fields: with a good proof, another's, none, two, and a good one again."""
    holder, thief = Holder(), Holder()
    bound = holder.token()

    def good() -> str:
        return holder.proof(holder.claims(bound))

    async with api() as behind, gateway(snapshot(behind.port)) as city:
        for _ in range(2):
            assert (await ask(city, bound, good())).status == 200
            assert (await ask(city, bound, thief.proof(holder.claims(bound)))).status == 401
            assert (await ask(city, bound)).status == 401
            assert (await ask(city, bound, good(), good())).status == 401
        assert len(behind.heads) == 2
        assert len(city.core.blocks) == 1, "they were remembered once"


async def test_a_remembered_key_is_good_for_its_own_proofs_alone() -> None:
    """Its bytes begin a proof of another algorithm, of another token, of a changed payload."""
    holder = Holder("RS256")
    bound, other = holder.token(), holder.token(jti="another")
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        assert (await ask(city, bound, holder.proof(holder.claims(bound)))).status == 200
        proof = holder.proof(holder.claims(bound))
        head, payload, signature = proof.split(".")
        bad = (
            holder.proof(holder.claims(bound), alg="PS256"),
            holder.proof(holder.claims(bound), alg="none"),
            holder.proof(holder.claims(other)),
            f"{head}.{payload[:-4]}AAAA.{signature}",
            f"{head}.{signature}",
            f"{head}..{payload}.{signature}",
            f"{head}A.{payload}.{signature}",
            f"{head}.{payload}.",
            f"{head}.",
            head,
        )
        for each in bad:
            assert (await ask(city, bound, each)).status == 401, each
        assert (await ask(city, bound, proof)).status == 200, "none of them has used it up"
        assert len(behind.heads) == 2


async def test_a_proof_on_an_open_route_is_never_anothers() -> None:
    """What an API is sent is remembered; the proof in it is not."""
    async with api() as behind:
        policy = snapshot(behind.port)
        policy["routes"][0] |= {"access": "open", "scopes": []}
        async with gateway(policy) as city:
            path = policy["routes"][0]["path"]
            for proof in ("a.b.one", "a.b.two", "", "a.b.three"):
                fields = (f"DPoP: {proof}",) if proof else ()
                assert (await city.ask(request(path, "", *fields))).status == 200
                assert behind.head("dpop") == (proof or None)


def test_the_proof_counts_among_the_fields() -> None:
    most = b"".join(b"X-%d: 1\r\n" % number for number in range(bounds.FIELDS - 1))
    assert Fields(b"Host: a\r\n" + most).full
    assert not Fields(b"Host: a\r\n" + most[: most.rindex(b"X-")]).full
    with pytest.raises(Refused):
        Fields(b"Host: a\r\nX: 1\r\n" + most)


async def test_one_field_too_many_is_refused_also_when_the_rest_is_remembered() -> None:
    holder = Holder()
    bound = holder.token()
    async with api() as behind, gateway(snapshot(behind.port)) as city:
        for more, status in ((bounds.FIELDS - 3, 200), (bounds.FIELDS - 2, 431)):
            many = tuple(f"X-{number}: 1" for number in range(more))
            for _ in range(2):
                proof = f"DPoP: {holder.proof(holder.claims(bound))}"
                asked = request("/stops", "", f"Authorization: DPoP {bound}", *many, proof)
                assert (await city.ask(asked)).status == status

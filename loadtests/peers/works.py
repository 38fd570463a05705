"""The works: what is asked of the candidates, each a row of the table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import inf
from pathlib import Path

from loadtests.peers import personal, work

KB, MB = 1024, 1024 * 1024
ALL = ("nginx", "nginx + Lua", "supercity", "Envoy", "HAProxy")
"""Each once; the others are these set up otherwise."""


@dataclass(frozen=True)
class Work:
    """One kind of load.

    Attributes:
        leaf: last segment of the path where it decides the answer; else a number.
        body: bytes of content that each request brings, as POST.
        tokens: distinct ones; none of them is asked with twice if ``cold``.
        unique: every request carries an id of its own.
        collection: what is asked for, where it is not all there are; all but the personal one is
            open, and asked without a token.
        holder: algorithm of the clients' own keys, of which each request has a proof.
        tls: clients speak TLS, on connections that are kept.
        seconds: of a run, where it can be no longer.
        only: the candidates it is for; all if empty.
    """

    name: str
    alg: str = "ES256"
    leaf: str = ""
    body: int = 0
    connections: int = 32
    tokens: int = work.TOKENS
    cold: bool = False
    unique: bool = False
    collection: str = ""
    holder: str = ""
    tls: bool = False
    seconds: float = inf
    only: tuple[str, ...] = ()

    def scripts(self, folder: Path, signers: dict[str, work.Signer]) -> tuple[Path, Path]:
        """The wrk scripts of this work, to warm up with and to measure: the same one, written on
        first use; two new ones each time where there are proofs, which are good once."""
        name = self.name.replace(" ", "-").replace(",", "")
        asked = work.paths(self.collection, self.leaf)
        write = partial(work.write_script, folder, asked=asked, unique=self.unique, body=self.body)
        if self.holder:
            client = personal.Holder(signers[self.alg], work.signer(self.holder))
            few = write(f"{name}-warm", list(client.credentials(2 * work.TOKENS, asked)))
            return few, write(name, list(client.credentials(self.tokens, asked)))
        script = folder / f"{name}.lua"
        if not script.exists():
            many = 0 if self.collection else self.tokens
            write(name, [f"Bearer {signers[self.alg].token(number)}" for number in range(many)])
        return script, script


MAIN = Work("ES256")
OPEN = Work("open read", collection=work.OPEN, only=("nginx", "supercity"))
# as many proofs as can be used in one short run: they are made beforehand, and good for a minute
PERSONAL = Work(
    "personal read, RS256 proof", collection=personal.BASE, holder="RS256", tokens=30_000,
    seconds=2, only=("supercity",),
)  # fmt: skip
PERSONAL_ES256 = replace(PERSONAL, name="personal read, ES256 proof", holder="ES256")
WORKS = (
    MAIN,
    Work("RS256", alg="RS256"),
    # more than can be asked with in one run, or kept by those that keep verified ones
    Work("ES256, every token new", tokens=120_000, cold=True, only=ALL[1:]),
    Work("ES256, every head new", unique=True, only=("nginx", "nginx + Lua", "supercity")),
    # nginx proxies it like everything else: it is the floor there too
    Work("cacheable open read", collection=work.KEPT, only=("nginx", "supercity")),
    OPEN,
    PERSONAL,
    PERSONAL_ES256,
    Work("TLS to the client", tls=True, only=ALL),
    Work("2,000 connections", connections=2_000, only=ALL),
    Work("16 KB answers", leaf="16k", only=ALL),
    Work("1 MB answers", leaf="1m", only=ALL),
    Work("POST 1 KB", leaf="posted", body=KB, only=ALL),
    Work("POST 1 MB", leaf="posted", body=MB, only=ALL),
)
ANSWERS = {"16k": 16 * KB, "1m": MB}
"""Lengths of answers by ``leaf``."""

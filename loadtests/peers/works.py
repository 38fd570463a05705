"""The works: what is asked of the candidates, each a row of the table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from loadtests.peers import work

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
        kept: asks without a token for what may be kept.
        tls: clients speak TLS, on connections that are kept.
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
    kept: bool = False
    tls: bool = False
    only: tuple[str, ...] = ()

    def script(self, folder: Path, signers: dict[str, work.Signer]) -> Path:
        """The wrk script of this work, written on first use."""
        name = self.name.replace(" ", "-").replace(",", "")
        script = folder / f"{name}.lua"
        if not script.exists():
            many = 0 if self.kept else self.tokens
            work.write_script(
                folder, name, [signers[self.alg].token(number) for number in range(many)],
                unique=self.unique, leaf=self.leaf, body=self.body, kept=self.kept,
            )  # fmt: skip
        return script


MAIN = Work("ES256")
WORKS = (
    MAIN,
    Work("RS256", alg="RS256"),
    # more than can be asked with in one run, or kept by those that keep verified ones
    Work("ES256, every token new", tokens=120_000, cold=True, only=ALL[1:]),
    Work("ES256, every head new", unique=True, only=("nginx", "nginx + Lua", "supercity")),
    # nginx proxies it like everything else: it is the floor there too
    Work("cacheable open read", kept=True, only=("nginx", "supercity")),
    Work("TLS to the client", tls=True, only=ALL),
    Work("2,000 connections", connections=2_000, only=ALL),
    Work("16 KB answers", leaf="16k", only=ALL),
    Work("1 MB answers", leaf="1m", only=ALL),
    Work("POST 1 KB", leaf="posted", body=KB, only=ALL),
    Work("POST 1 MB", leaf="posted", body=MB, only=ALL),
)
ANSWERS = {"16k": 16 * KB, "1m": MB}
"""Lengths of answers by ``leaf``."""

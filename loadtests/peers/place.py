"""Where one run takes place: ports, files and keys; and what a candidate is."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from pathlib import Path
from string import Template

import orjson

from loadtests.peers import certificate, ours, work

CONFIGS = Path(__file__).parent / "configs"


@dataclass(frozen=True)
class Place:
    """Where everything is in this run.

    Attributes:
        folder: for configurations, keys and logs.
        port, admin: the candidate's.
        upstream: port of the API behind it.
        alg: of the tokens that are asked with.
        tls: whether clients speak TLS to the candidate.
    """

    folder: Path
    port: int
    admin: int
    upstream: int
    alg: str
    signers: list[work.Signer]
    tls: bool = False

    @classmethod
    def new(cls, folder: Path) -> Place:
        """A place on free ports, with new keys, and all files that candidates read."""
        folder.chmod(0o755)  # nginx' workers are nobody, and read the long answers from there
        signers = [work.signer(alg) for alg in ("ES256", "RS256")]
        made = cls(folder, free_port(), free_port(), free_port(), "ES256", signers)
        made._prepare()
        return made

    def variant(self, alg: str, tls: bool) -> Place:
        """The same, asked with tokens of ``alg`` and perhaps over TLS."""
        if not tls:
            return replace(self, alg=alg)
        inner = replace(self, alg=alg, tls=True, folder=self.folder / "tls")
        if not inner.folder.exists():
            inner.folder.mkdir()
            inner._prepare()
        return inner

    @property
    def url(self) -> str:
        """Where clients ask."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def certificate(self) -> Path:
        return self.folder / "certificate.pem"

    @property
    def key(self) -> Path:
        return self.folder / "certificate.key"

    @property
    def keyed(self) -> dict[str, work.Signer]:
        """The signers by algorithm."""
        return {signer.alg: signer for signer in self.signers}

    def _prepare(self) -> None:
        for signer in self.signers:
            (self.folder / f"{signer.alg}.pem").write_bytes(signer.pem)
        (self.folder / "routes").write_text("\n".join(work.ROUTES) + "\n")
        (self.folder / "routes.map").write_text("".join(f"{path}/ 1\n" for path in work.ROUTES))
        policy = ours.policy(self.upstream, self.signers)
        (self.folder / "policy.json").write_bytes(orjson.dumps(policy))
        certificate.write(self.certificate, self.key)

    def fill(self, name: str, **more: str) -> Path:
        """A configuration file with this run's values in it."""
        text = Template((CONFIGS / name).read_text()).substitute(
            folder=str(self.folder), port=str(self.port), admin=str(self.admin),
            upstream=str(self.upstream), alg=self.alg, issuer=work.ISSUER, scope=work.SCOPE, **more,
        )  # fmt: skip
        path = self.folder / name
        path.write_text(text)
        return path


@dataclass(frozen=True)
class Candidate:
    """One program to measure.

    Attributes:
        does: what of the work it does, for the table.
        package: what to install where it is missing.
        command: its command line; empty if a binary is missing.
    """

    name: str
    does: str
    package: str
    command: list[str]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])

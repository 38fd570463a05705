"""A proof that the sender of a request has the key that its token is bound to (RFC 9449).

A token with ``cnf.jkt`` is worth nothing without such a proof, made for this very request: for its
method and target, for this token, at most a minute ago, and never used before. So whoever reads a
token somewhere has nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from orjson import loads

from gateway.core.access.keys import decode
from gateway.core.proof import refusals
from gateway.core.proof.batch import AHEAD, BACK
from gateway.core.proof.keys import ProofKey, ProofKeys
from gateway.core.proof.refusals import invalid_proof
from gateway.core.proof.uri import normal
from gateway.core.reply import Refused, Reply

if TYPE_CHECKING:
    from gateway.core.access.grant import Grant
    from gateway.core.app import Core
    from gateway.core.exchange import Exchange
    from gateway.core.http.target import RequestLine

BYTES: Final = 4_096
"""Longest proof that is looked at; one of a 4096-bit RSA key has some 2,200."""
JTI: Final = 256
KEYS: Final = 10_000
"""Keys of clients that are remembered."""

NONE: Final = invalid_proof("there is none", "proof-missing")
MALFORMED: Final = invalid_proof("it is not a signed JWT", "proof-malformed")
WRONG_KEY: Final = invalid_proof(
    "it is not of type dpop+jwt with a public key of the token's and a known algorithm", "proof-key"
)
WRONG_METHOD: Final = invalid_proof("its htm is not this request's method", "proof-method")
WRONG_TARGET: Final = invalid_proof("its htu is not this request's URL", "proof-target")
WRONG_TIME: Final = invalid_proof(
    f"its iat is not within {BACK} s before now or {AHEAD} s after", "proof-time"
)
WRONG_TOKEN: Final = invalid_proof("its ath is not the hash of this access token", "proof-token")
NO_ID: Final = invalid_proof(f"its jti is not a text of 1 to {JTI} characters", "proof-id")

Proof = tuple[ProofKey, bytes, bytes, str]
"""A proof that says what it must: its key, what is signed, the signature, and a name for it that no
other has. What it needs yet is that the signature fits, and that it was not used before."""


class Proofs:
    """Reads proofs."""

    def __init__(self) -> None:
        self.keys = ProofKeys(KEYS)

    def read(self, proof: bytes, grant: Grant, line: RequestLine, now: float) -> Proof:
        """``proof``, if it says what it must (RFC 9449 §4.3).

        Args:
            line: of the request, whose ``target`` is known.
            now: the wall clock.

        Raises:
            Refused: 401 with what is wrong.
        """
        key = grant.prover
        if key is None or not proof.startswith(key.header):
            key = self._prover(proof, grant)
        start, end = len(key.header), proof.rfind(b".")
        if len(proof) > BYTES or end < start:
            raise Refused(MALFORMED)
        try:
            claims = loads(decode(proof[start:end]))
            signature = decode(proof[end + 1 :])
        except ValueError:
            raise Refused(MALFORMED) from None
        return key, proof[:end], signature, key.thumbprint + _name(claims, grant, line, now)

    def _prover(self, proof: bytes, grant: Grant) -> ProofKey:
        """The key that ``proof`` names, if it is the token's; the token remembers it."""
        header, dot, rest = proof.partition(b".")
        if not proof or len(proof) > BYTES or rest.count(b".") != 1:
            raise Refused(MALFORMED if proof else NONE)
        try:
            grant.prover = found = self.keys.of(header + dot, grant.thumbprint)
        except ValueError:
            raise Refused(WRONG_KEY) from None
        return found


def _name(claims: Any, grant: Grant, line: RequestLine, now: float) -> str:
    """The ``jti`` of a proof that says what it must."""
    if not isinstance(claims, dict):
        raise Refused(MALFORMED)
    get = claims.get
    issued, name = get("iat"), get("jti")
    if get("htm") != line.verb:
        raise Refused(WRONG_METHOD)
    if get("htu") != line.target and not _same(get("htu"), line.target):
        raise Refused(WRONG_TARGET)
    if isinstance(issued, bool) or not isinstance(issued, int | float):
        raise Refused(WRONG_TIME)
    if not now - BACK <= issued <= now + AHEAD:
        raise Refused(WRONG_TIME)
    if get("ath") != grant.hash:
        raise Refused(WRONG_TOKEN)
    if not isinstance(name, str) or not 0 < len(name) <= JTI:
        raise Refused(NO_ID)
    return name


def _same(said: object, target: str) -> bool:
    try:
        return isinstance(said, str) and normal(said) == normal(target)
    except ValueError:
        return False


def read(core: Core, exchange: Exchange, grant: Grant) -> Proof:
    """A bound token comes with a proof, and as such; any other does not (RFC 9449 §7.1, §7.2).

    Raises:
        Refused: it does not, or the proof does not say what it must.
    """
    fields, source = exchange.fields, exchange.client.source
    if not grant.thumbprint:
        raise Refused(refusals.NOT_BOUND)
    if not fields.bound:
        raise Refused(refusals.BOUND)
    tokens = core.tokens
    if tokens.wary > exchange.began:
        tokens.bear(source, exchange.began)
    line = exchange.line
    if not line.target:
        line.target = exchange.policy.base + line.path.decode()
        line.verb = line.method.decode()
    line.proven = True
    return core.proofs.read(exchange.proof, grant, line, tokens.now())


def accept(core: Core, exchange: Exchange, against: Reply | None) -> None:
    """What becomes of an exchange whose proof was judged.

    Raises:
        Refused: ``against``, if anything speaks against it.
    """
    if against is not None:
        if against is refusals.BAD_SIGNATURE:
            core.tokens.failed(exchange.client.source, exchange.began)
        raise Refused(against)

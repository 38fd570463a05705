"""The work that is measured: tokens, routes, and the wrk script that asks."""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

ISSUER = "https://city.example"
SCOPE = "mobility:read"
CLIENTS = 100
TOKENS = 1000
DOMAINS = (
    "mobility", "disaster", "medical", "administration", "logistics", "education", "payments",
    "entities", "events", "evacuation",
)  # fmt: skip
NOUNS = ("stops", "routes", "alerts", "places", "items", "records")
ROUTES = [f"/{domain}/v1/{noun}" for domain in DOMAINS for noun in NOUNS]
"""60 collections, each with ``/{id}`` below it; the members are what is asked for."""
KEPT = "/open/v1/items"
"""An open collection whose members may be kept; see ``upstream.conf``."""
OPEN = "/open/v1/places"
"""An open collection whose members are asked for each time."""
STREAM = "/stream"
"""Below each collection: events that hardly ever come."""


def b64(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True)
class Signer:
    """A key of one algorithm: how to sign, and how to tell others."""

    alg: str
    key: Any
    jwk: dict[str, str]
    pem: bytes

    def token(self, number: int, **changes: Any) -> str:
        """The access token of client ``number % CLIENTS`` (RFC 9068), with ``changes``."""
        now = int(time.time())
        claims = {
            "iss": ISSUER, "aud": ISSUER, "sub": f"client-{number % CLIENTS}",
            "client_id": f"client-{number % CLIENTS}", "iat": now, "exp": now + 36_000,
            "jti": f"token-{number}", "scope": f"{SCOPE} disaster:read events:read", **changes,
        }  # fmt: skip
        return self.jwt({"typ": "at+jwt", "alg": self.alg, "kid": self.jwk["kid"]}, claims)

    def jwt(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """A signed JWT."""
        signed = f"{b64(orjson.dumps(header))}.{b64(orjson.dumps(claims))}".encode()
        return f"{signed.decode()}.{b64(self._sign(signed))}"

    def _sign(self, signed: bytes) -> bytes:
        if self.alg == "RS256":
            return bytes(self.key.sign(signed, padding.PKCS1v15(), SHA256()))
        r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)


def signer(alg: str) -> Signer:
    """A new ``ES256`` or ``RS256`` key."""
    key: Any
    if alg == "RS256":
        key = rsa.generate_private_key(65_537, 2_048)
        numbers = key.public_key().public_numbers()
        parts = {"kty": "RSA", "n": b64(numbers.n.to_bytes(256)), "e": "AQAB"}
    else:
        key = ec.generate_private_key(ec.SECP256R1())
        point = key.public_key().public_numbers()
        x, y = b64(point.x.to_bytes(32)), b64(point.y.to_bytes(32))
        parts = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return Signer(alg, key, {"kid": alg, "alg": alg, "use": "sig", **parts}, pem)


LUA = """\
-- Every request takes the next of the tokens and the next of the paths.
local tokens, paths = {}, {}
for line in io.lines("%(tokens)s") do tokens[#tokens + 1] = line:gsub("\\\\r\\\\n", "\\r\\n") end
for line in io.lines("%(paths)s") do paths[#paths + 1] = line end
local n = 0
local function head(method, more)
  n = n + 1
  local token = #tokens > 0 and "Authorization: " .. tokens[n %% #tokens + 1] .. "\\r\\n"
  return method .. " " .. paths[n %% #paths + 1] .. " HTTP/1.1\\r\\nHost: city.example\\r\\n"
    .. more .. "Accept: application/json\\r\\nUser-Agent: partner-app/1.0\\r\\n"
    .. (token or "") .. "\\r\\n"
end
function request()
  return head("GET", %(unique)s and "X-Request-Id: request-" .. n .. "\\r\\n" or "")
end
if %(body)d > 0 then  -- some requests, made beforehand
  local made, at, content = {}, 0, string.rep("x", %(body)d)
  local length = "Content-Type: text/plain\\r\\nContent-Length: %(body)d\\r\\n"
  for i = 1, 16 do made[i] = head("POST", length) .. content end
  function request() at = at + 1; return made[at %% #made + 1] end
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests": %%d, "us": %%d, "p50": %%d, "p99": %%d, "p999": %%d, "bad": %%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    latency:percentile(99.9), e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def paths(collection: str, leaf: str) -> list[str]:
    """What is asked for: members of ``collection``, or of all there are; ``leaf`` or a number."""
    routes = [collection] * len(ROUTES) if collection else ROUTES
    return [f"{route}/{leaf or number}" for number, route in enumerate(routes)]


def write_script(
    folder: Path, name: str, credentials: list[str], *, asked: list[str], unique: bool, body: int
) -> Path:
    """A wrk script that asks for ``asked`` with ``credentials``, each in turn; its path.

    Args:
        credentials: values of ``Authorization``; further fields after an escaped CRLF.
        unique, body: as in ``works.Work``.
    """
    (folder / f"{name}.tokens").write_text("".join(f"{each}\n" for each in credentials))
    (folder / f"{name}.paths").write_text("\n".join(asked) + "\n")
    script = folder / f"{name}.lua"
    script.write_text(
        LUA
        % {
            "tokens": folder / f"{name}.tokens",
            "paths": folder / f"{name}.paths",
            "unique": str(unique).lower(),
            "body": body,
        }
    )
    return script

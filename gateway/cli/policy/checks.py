"""Whether a policy file is right: its form, its names, and whether it contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from gateway.cli.operator import Refused
from gateway.cli.policy import source
from gateway.cli.policy.document import Api, Client, Linkage, Person, Policy, Rate, SecretFrom
from gateway.cli.policy.source import Misread, Path, Place, Source
from gateway.control.links import LINKED_DOMAINS
from gateway.control.oauth.registration import ClientMetadata
from schemas import scopes

_PARTS: Final[dict[str, type[BaseModel]]] = {
    "apis": Api,
    "clients": Client,
    "staff": Person,
    "linkage": Linkage,
    "rate": Rate,
    "secret": SecretFrom,
}
PLATFORM_AREAS: Final = frozenset(
    scope.partition(":")[0] for scope in scopes.DESCRIPTIONS if ":" in scope
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong in a file.

    Attributes:
        doubtful: it is perhaps not meant, but the city would take it.
    """

    place: Place
    where: str
    what: str
    fix: str = ""
    doubtful: bool = False

    def as_json(self) -> dict[str, Any]:
        found = {"line": self.place.line, "column": self.place.column, "where": self.where}
        return {**found, "what": self.what, "fix": self.fix, "doubtful": self.doubtful}

    def line(self, path: FilePath) -> str:
        text = f"{path}:{self.place.line}:{self.place.column}: {self.where or 'the file'}: "
        text += "perhaps not meant: " if self.doubtful else ""
        return text + self.what + (f"\n    → {self.fix}" if self.fix else "")


def load(path: FilePath) -> tuple[Policy | None, list[Finding]]:
    """The policy in a file, unless something is wrong with it; and everything to say of it.

    Raises:
        Refused: there is no such file, or it is no text.
    """
    policy, findings = check(_text(path))
    return policy if all(one.doubtful for one in findings) else None, findings


def _text(path: FilePath) -> str:
    try:
        raw = path.read_bytes()
        if len(raw) > source.LARGEST:
            raise Refused(f"{path} has {len(raw)} bytes; a policy has {source.LARGEST} at most.")
        return raw.decode()
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Refused(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8.") from error


def check(text: str) -> tuple[Policy | None, list[Finding]]:
    """The policy in a text, if its form is right; and the findings, in the file's order."""
    try:
        read = source.read(text)
    except Misread as wrong:
        return None, [Finding(wrong.place, "", wrong.what)]
    try:
        policy = Policy.model_validate(read.data or {})
    except ValidationError as error:
        found = [_finding(read, dict(one)) for one in error.errors()]
        return None, sorted(found, key=_place)
    return policy, sorted(_contradictions(policy, read), key=_place)


def _place(finding: Finding) -> tuple[int, int]:
    return finding.place.line, finding.place.column


def _finding(read: Source, error: dict[str, Any]) -> Finding:
    path: Path = tuple(one for one in error["loc"] if one != "[key]")
    what = error["msg"].removeprefix("Value error, ")
    fix = ""
    if error["type"] == "extra_forbidden":
        what, fix = "is not known here", _alike(path)
    elif error["type"] == "missing":
        what = "is missing"
    elif error["type"] in ("model_type", "dict_type"):
        what = "should be a mapping, with indented names below it"
    return Finding(read.place(path), _dotted(path), what, fix)


def _alike(path: Path) -> str:
    """What may have been meant by a name that nobody knows."""
    part = _PARTS.get(str(path[0]), Policy) if len(path) > 1 else Policy
    part = _PARTS.get(str(path[-2]), part) if len(path) > 3 else part
    near = get_close_matches(str(path[-1]), part.model_fields, 1)
    known = ", ".join(part.model_fields)
    return f"Did you mean {near[0]}?" if near else f"Known are: {known}."


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))


def _contradictions(policy: Policy, read: Source) -> Iterator[Finding]:
    for name, client in (policy.clients or {}).items():
        for doubtful, found in ((False, _refused(client)), (True, _doubtful(client))):
            for field, what, fix in found:
                path: Path = ("clients", name, field) if field else ("clients", name)
                yield Finding(read.place(path), _dotted(path), what, fix, doubtful)
    if policy.linkage:
        for index, domains in enumerate(read.data["linkage"].get("watched") or ()):
            for odd in sorted(set(domains) - set(LINKED_DOMAINS)):
                path = ("linkage", "watched", index)
                fix = f"Domains that know residents are: {', '.join(LINKED_DOMAINS)}."
                what = f"{odd!r} knows no residents, so this combination never comes together"
                yield Finding(read.place(path), _dotted(path), what, fix, doubtful=True)


def _doubtful(client: Client) -> Iterator[tuple[str, str, str]]:
    """What the city would take, though it comes to nothing: field, what, fix."""
    for scope in client.scopes:
        if scope not in scopes.DESCRIPTIONS and scope.partition(":")[0] in PLATFORM_AREAS:
            near = get_close_matches(scope, scopes.DESCRIPTIONS, 1)
            fix = f"Did you mean {near[0]}?" if near else ""
            yield "scopes", f"{scope!r} is no scope of the platform", fix
    if client.consent_notices and "authorization_code" not in client.grant_types:
        what = "no resident can agree to a client without the grant type authorization_code"
        yield "consent_notices", what, "Leave it out, or add the grant type."


def _refused(client: Client) -> Iterator[tuple[str, str, str]]:
    """What the city itself would refuse, said before it is asked: field, what, fix."""
    uri = client.consent_notices
    if uri and not uri.startswith(("https://", "http://")):
        yield "consent_notices", f"{uri!r} is no URL", "Give one like https://app.example/ended."
    try:
        ClientMetadata.model_validate(as_metadata("", client))
    except ValidationError as error:
        for one in error.errors():
            name = str(one["loc"][0]) if one["loc"] else ""
            yield _NAMES.get(name, name), one["msg"].removeprefix("Value error, "), ""


_NAMES: Final = {
    "client_name": "name",
    "scope": "scopes",
    "token_endpoint_auth_method": "auth_method",
}


def as_metadata(client_id: str, client: Client) -> dict[str, Any]:
    """A client as the open API registers it (RFC 7591 §2)."""
    found = {
        "client_name": client.name or client_id,
        "scope": " ".join(client.scopes),
        "grant_types": list(client.grant_types),
        "redirect_uris": list(client.redirect_uris),
        "dpop_bound_access_tokens": client.dpop_bound_access_tokens,
        "require_pushed_authorization_requests": client.require_pushed_authorization_requests,
        "purposes": list(client.purposes),
        "organisation": client.organisation,
        "token_endpoint_auth_method": client.auth_method,
        "jwks": client.jwks,
    }
    return {name: value for name, value in found.items() if value is not None}

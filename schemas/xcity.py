"""``x-city``: what an API's OpenAPI document says to the platform beyond OpenAPI itself.

At the root, :class:`ApiInfo` describes the API and its data sets for the catalogue. On an
operation, :class:`OperationInfo` says who may call it. ``security`` names the scope, as OpenAPI
has it. The policy compiler reads nothing else, so any API in any language can be attached::

    paths:
      /mobility/v1/stops/{stop}/departures:
        get:
          operationId: listDepartures
          security: [{cityOAuth: ["mobility:read"]}]
          x-city: {access: scoped, dataset: mobility-departures, priority: essential}
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from schemas.policy import Access, EmergencyMark, Priority

KEY: Final = "x-city"
SECURITY_SCHEME: Final = "cityOAuth"
"""Name of the OAuth 2 security scheme in the city's own documents."""


class LegalClass(StrEnum):
    """What Japan's APPI (個人情報保護法) calls a data set, plus data about nobody."""

    OPEN = "open"
    """Not about a person."""
    PERSONAL = "personal"
    """個人情報: to a third party only with the person's prior opt-in."""
    PSEUDONYMISED = "pseudonymised"
    """仮名加工情報: never to a third party."""
    ANONYMISED = "anonymised"
    """匿名加工情報: to third parties without consent."""
    PERSON_RELATED = "person-related"
    """個人関連情報: consent must be held by a receiver who will join it to a person."""


class _Wire(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


class DataField(_Wire):
    """A part of a personal data set that a resident can share without the rest."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")
    title: str = Field(min_length=1, max_length=100)
    title_ja: str = Field(min_length=1, max_length=100)
    paths: tuple[
        Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z0-9_@:-]+(\.[A-Za-z0-9_@:-]+)*$")],
        ...,
    ] = Field(min_length=1, max_length=50)
    """Where its members are in an answer: names with dots between; arrays are passed through. An
    answer is limited by leaving out whatever no granted field names, so each data set gives the
    members that all need (the ``total`` of a page, a FHIR ``resourceType``) to a field's paths."""


class Dataset(_Wire):
    """One data set in the catalogue (DCAT 3 names in comments)."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]{1,79}$")
    title: str
    title_ja: str
    title_easy: str = Field(default="", max_length=100)
    """In plain Japanese (やさしい日本語), for residents' pages; as in Japanese when left out."""
    description: str = ""
    licence: str = "https://creativecommons.org/licenses/by/4.0/"  # dcterms:license
    legal_class: LegalClass = LegalClass.OPEN
    update_seconds: int = 86_400  # dcterms:accrualPeriodicity
    standard: str = ""  # dcterms:conformsTo
    fields: tuple[DataField, ...] = Field(default=(), max_length=50)
    """Of a personal one: what can be granted apart; none if it is granted whole or not."""
    purposes: tuple[str, ...] = ()
    """Ids of :mod:`schemas.purposes` that it may be used for; any when empty."""

    def called(self, language: str) -> str:
        """The title in ``ja``, ``en`` or ``easy`` (plain Japanese)."""
        titles = {"en": self.title, "easy": self.title_easy}
        return titles.get(language, "") or self.title_ja


class ApiInfo(_Wire):
    """Root ``x-city``: the API as a whole."""

    domain: str = Field(pattern=r"^[a-z][a-z0-9-]{1,39}$")
    title_ja: str = ""
    health: str = Field(default="", max_length=200, pattern=r"^(/[!-~]*)?$")
    """Path, as the API's own processes know it, that is answered with 2xx by one that can serve;
    asked by the gateway where the API has several."""
    datasets: tuple[Dataset, ...] = ()


class RateInfo(_Wire):
    requests: int = Field(gt=0, le=1_000_000)
    seconds: int = Field(gt=0, le=86_400)


class CacheInfo(_Wire):
    """Marks an operation whose answers the gateway may keep for others, on the terms that each
    answer sets (``Cache-Control``; RFC 9111, RFC 5861). It has no members."""


class OperationInfo(_Wire):
    """``x-city`` of one operation; see :class:`schemas.policy.Route` for each member."""

    access: Access = "scoped"
    dataset: str = ""
    subject: str = ""
    priority: Priority = "normal"
    rate: RateInfo | None = None
    quota: int | None = Field(default=None, gt=0, le=1_000_000_000)
    """Requests a day for each client on this operation."""
    max_body_bytes: int = Field(default=1_048_576, ge=0, le=4_294_967_296)
    stream: bool = False
    cache: CacheInfo | None = None
    upgrade: Literal["", "websocket"] = ""
    emergency: EmergencyMark = "none"
    authenticator: int = Field(default=0, ge=0, le=3)
    proofing: int = Field(default=0, ge=0, le=3)
    deprecated: date | None = None
    """From which day on it should not be used any more, where OpenAPI says ``deprecated: true``."""
    sunset: date | None = None
    """The first day on which it answers no more (RFC 8594); of a deprecated one only."""


def operation(
    *scopes: str,
    access: Access = "scoped",
    dataset: str = "",
    subject: str = "",
    priority: Priority = "normal",
    rate: tuple[int, int] | None = None,
    quota: int | None = None,
    max_body_bytes: int = 1_048_576,
    stream: bool = False,
    cache: bool = False,
    upgrade: Literal["", "websocket"] = "",
    emergency: EmergencyMark = "none",
    authenticator: int = 0,
    proofing: int = 0,
    deprecated: date | None = None,
    sunset: date | None = None,
    request_body: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The ``openapi_extra`` of a FastAPI route: its ``security`` and its ``x-city``.

    Args:
        scopes: all of these are needed; none only with ``access="open"``.
        rate: ``(requests, seconds)`` per client on this operation.
        quota: requests a day per client on this operation.
        cache: the gateway may keep its answers, for as long as they say
            (:func:`schemas.kit.cached.cached`).
        upgrade: the protocol that this GET may switch to.
        authenticator, proofing: levels that the sign-in behind the token must have had.
        deprecated: from which day on, in the city's time, it should not be used any more; and
            ``sunset``: the first on which it answers no more. Callers are told so in each answer.
        request_body: OpenAPI request body of an operation that reads the raw body.

    Example:
        ``@router.get("/stops", openapi_extra=operation("mobility:read", dataset="stops"))``
    """
    if bool(scopes) == (access == "open"):
        raise ValueError("an operation names its scopes, or is open; never both, never neither")
    info = OperationInfo(
        access=access,
        dataset=dataset,
        subject=subject,
        priority=priority,
        rate=RateInfo(requests=rate[0], seconds=rate[1]) if rate else None,
        quota=quota,
        max_body_bytes=max_body_bytes,
        stream=stream,
        cache=CacheInfo() if cache else None,
        upgrade=upgrade,
        emergency=emergency,
        authenticator=authenticator,
        proofing=proofing,
        deprecated=deprecated,
        sunset=sunset,
    )
    extra: dict[str, Any] = {
        "security": [{SECURITY_SCHEME: list(scopes)}] if scopes else [],
        KEY: {"access": access, **info.as_json()},
    }
    if deprecated:
        extra["deprecated"] = True
    if request_body:
        extra["requestBody"] = request_body
    return extra


def raw_body(*media_types: str, description: str = "") -> dict[str, Any]:
    """An OpenAPI request body of bytes in one of ``media_types``."""
    content = {media: {"schema": {"type": "string", "format": "binary"}} for media in media_types}
    return {"required": True, "description": description, "content": content}

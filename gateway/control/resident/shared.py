"""What a resident shares now, as ``/my`` shows it: by application, consent by consent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from gateway.control.consent.records import Given
from gateway.control.consent.wording import purpose_in
from gateway.control.oauth.asked import Asked, describe
from gateway.control.policy.compiler import CompiledApi
from gateway.control.policy.snapshot import ZONE
from gateway.control.resident.consents import OF_CLIENT, Consent
from schemas.purposes import purpose_of
from schemas.scopes import parse
from schemas.xcity import Dataset

_ZONE: Final = ZoneInfo(ZONE)


@dataclass(frozen=True, slots=True)
class Line:
    """One consent.

    Attributes:
        fields: what of the data set, in words; empty for all.
        given, until: dates; ``until`` is the last day.
        recipients: ids of clients that may use it for the resident too.
    """

    consent_id: str
    dataset: str
    fields: tuple[str, ...]
    purpose: str
    given: str
    until: str
    recipients: tuple[str, ...] = ()


@dataclass(slots=True)
class App:
    """One application.

    Attributes:
        all_of_it: what the form sends to withdraw everything.
        asked: what it may do beside the consents.
    """

    client: str
    all_of_it: str
    given: str
    until: str
    lines: list[Line] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)


def apps(
    consents: Iterable[Consent], known: Sequence[CompiledApi], now: int, language: str
) -> list[App]:
    """The applications that may do something now, the newest first."""
    found: dict[str, App] = {}
    datasets = {one.id: one for api in known for one in api.info.datasets}
    for one in consents:
        grant = one.grant
        if not grant.is_alive(now):
            continue
        app = found.setdefault(
            grant.client_id,
            App(one.client, OF_CLIENT + grant.client_id, day(grant.created), _last(grant.expires)),
        )
        app.lines += [
            _line(given, datasets, language) for given in one.given if given.is_alive(now)
        ]
        spoken = "en" if language == "en" else "ja"
        lines = describe(known, parse(grant.scope), spoken)
        app.asked += [one for one in lines if not one.by_consent and one not in app.asked]
    return list(found.values())


def _line(given: Given, datasets: dict[str, Dataset], language: str) -> Line:
    dataset = datasets.get(given.dataset)
    english = language == "en"
    purpose = purpose_of(given.purpose)
    fields = [one for one in dataset.fields if one.id in given.fields] if dataset else []
    return Line(
        consent_id=given.consent_id,
        dataset=dataset.called(language) if dataset else given.dataset,
        fields=tuple(one.title if english else one.title_ja for one in fields),
        purpose=purpose_in(purpose, language) if purpose else given.purpose,
        given=day(given.created),
        until=_last(given.until),
        recipients=given.recipients,
    )


def day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, _ZONE).date().isoformat()


def _last(end: int) -> str:
    """The last day that lies before an end."""
    return day(end - 1)

"""The words of one consent, as a resident reads them; they are part of what is agreed to."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from gateway.control.consent.request import Wanted
from gateway.control.oauth.clients import Client
from gateway.control.pages.texts import TEXTS
from schemas import purposes
from schemas.purposes import Purpose


@dataclass(frozen=True, slots=True)
class Wording:
    """One item of the consent page.

    Attributes:
        language: ``ja``, ``en`` or ``easy`` (plain Japanese).
        dataset, fields, action, purpose, receiver: each as it stands on the page.
        recipients: who else may use it for the resident.
    """

    language: str
    dataset: str
    fields: tuple[str, ...]
    action: str
    purpose: str
    receiver: str
    recipients: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        return purposes.VERSION

    @property
    def text(self) -> str:
        """All of it, a line each."""
        lines = (
            *(self.receiver, self.purpose, self.dataset, *self.fields, self.action),
            *self.recipients,
        )
        return "\n".join(lines)

    @property
    def hash(self) -> str:
        said = f"{self.language}\n{self.version}\n{self.text}"
        return sha256(said.encode()).hexdigest()


def word(wanted: Wanted, client: Client, language: str) -> Wording:
    texts = TEXTS[language]
    english = language == "en"
    fields = [one.title if english else one.title_ja for one in wanted.shown]
    return Wording(
        language=language,
        dataset=wanted.dataset.called(language),
        fields=tuple(fields) if wanted.fields else (texts["all_of_it"], *fields),
        action=texts["write" if wanted.reach.writes else "read"],
        purpose=purpose_in(wanted.purpose, language),
        receiver=receiver(client, language),
        recipients=tuple(
            texts["used_by_too"].format(receiver=receiver(one, language))
            for one in wanted.recipients
        ),
    )


def purpose_in(purpose: Purpose, language: str) -> str:
    return {"ja": purpose.ja, "en": purpose.en, "easy": purpose.easy}[language]


def receiver(client: Client, language: str) -> str:
    """The application, and whose it is."""
    if not client.organisation:
        return client.name
    return TEXTS[language]["client_of"].format(client=client.name, organisation=client.organisation)

"""Server-rendered pages: Jinja2, no script; Japanese, English and plain Japanese."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.control.pages.texts import TEXTS
from gateway.control.pages.texts_account import ACCOUNT_TEXTS
from gateway.control.pages.texts_staff import STAFF_TEXTS

_templates: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

LANGUAGES: Final = ("ja", "en", "easy")
TAGS: Final = {"ja": "ja", "en": "en", "easy": "ja"}
"""Language tags (BCP 47) of the pages; plain Japanese is Japanese to a screen reader."""
TAGGED: Final = {"ja": "ja", "en": "en", "easy": "ja-x-easy"}
"""The same, told apart: what ``ui_locales`` may ask for."""
_ALL: Final = {
    one: {**TEXTS[one], **ACCOUNT_TEXTS[one], **STAFF_TEXTS["en" if one == "en" else "ja"]}
    for one in LANGUAGES
}


def choose_language(ui_locales: str, accept_language: str) -> str:
    """What the app asks for, else what the browser prefers, else Japanese.

    Args:
        ui_locales: language tags; ``ja-x-easy`` is plain Japanese.
    """
    asked = ui_locales.replace(",", " ").split()
    preferred = [one.partition(";")[0] for one in accept_language.split(",")]
    for one in [*asked, *preferred][:20]:
        tag = one.strip().lower()
        language = "easy" if tag == "ja-x-easy" else tag.partition("-")[0]
        if language in LANGUAGES:
            return language
    return LANGUAGES[0]


@dataclass(frozen=True, slots=True)
class Other:
    """The same page in another language."""

    name: str
    tag: str
    url: str


def others(language: str, url: Callable[[str], str]) -> list[Other]:
    """The page in all other languages.

    Args:
        url: where it is in a language.
    """
    return [
        Other(TEXTS[one]["language_name"], TAGS[one], url(one))
        for one in LANGUAGES
        if one != language
    ]


def document(template: str, language: str, **values: Any) -> str:
    """A page that is no answer but a file of its own."""
    return _templates.get_template(template).render(
        t=_ALL[language], language=TAGS[language], **values
    )


def page(
    template: str, language: str, *, status: int = 200, form_target: str = "", **values: Any
) -> Response:
    """A page that cannot be framed, runs no script, and posts to this site only.

    Args:
        form_target: where a form's answer may redirect to; browsers apply ``form-action`` to the
            redirect after a post, so a client's address must be named.
    """
    nonce = secrets.token_urlsafe(16)
    html = _templates.get_template(template).render(
        t=_ALL[language], language=TAGS[language], chosen_language=language, nonce=nonce, **values
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' {_source(form_target)}"
    )
    headers = {
        "Content-Security-Policy": policy.strip(),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Content-Language": TAGS[language],
    }
    return HTMLResponse(html, status_code=status, headers=headers)


def _source(url: str) -> str:
    """A URL as a CSP source: its origin, or its scheme where it has no host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:" * bool(url)

"""Server-rendered pages (Jinja2): Japanese, English, and plain Japanese for residents.

Residents' pages are narrow and run no script. Those of developers and of the staff are *wide*:
their layout has a navigation, and they may load the scripts of ``/assets`` (:mod:`.asset_files`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Response
from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined

from gateway.control.pages.asset_files import asset
from gateway.control.pages.prose import prose
from gateway.control.pages.texts import TEXTS
from gateway.control.pages.texts_account import ACCOUNT_TEXTS
from gateway.control.pages.texts_staff import STAFF_TEXTS
from gateway.control.pages.times import time

_HERE: Final = Path(__file__).parent
ROOMS: Final = ("portal", "console")
"""Folders beside this one whose templates are named ``<room>/<template>``."""

_templates: Final = Environment(
    loader=ChoiceLoader(
        [
            FileSystemLoader(_HERE / "templates"),
            PrefixLoader(
                {one: FileSystemLoader(_HERE.parent / one / "templates") for one in ROOMS}
            ),
        ]
    ),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals |= {"asset": asset, "time": time}
_templates.filters["prose"] = prose

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


class Words:
    """A page's texts by name: as a dictionary, but without methods that a name could mean."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    def __contains__(self, name: str) -> bool:
        return name in self._texts

    def get(self, name: str, otherwise: str) -> str:
        return self._texts.get(name, otherwise)


def page(
    template: str,
    language: str,
    *,
    status: int = 200,
    form_target: str = "",
    wide: bool = False,
    texts: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """A page that cannot be framed and posts to this site only.

    Args:
        form_target: where a form's answer may redirect to; browsers apply ``form-action`` to the
            redirect after a post, so a client's address must be named.
        wide: it may run the scripts of this site, which a narrow page may not.
        texts: the room's own, beside those that all pages have.
    """
    nonce = secrets.token_urlsafe(16)
    html = _templates.get_template(template).render(
        t=Words({**_ALL[language], **(texts or {})}),
        language=TAGS[language],
        chosen_language=language,
        nonce=nonce,
        **values,
    )
    headers = {
        "Content-Security-Policy": _policy(nonce, form_target, wide=wide),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Content-Language": TAGS[language],
    }
    return HTMLResponse(html, status_code=status, headers=headers)


def fragment(template: str, language: str, texts: Mapping[str, str], **values: Any) -> str:
    """A part of a wide page, for an answer to htmx or for an event."""
    t = Words({**_ALL[language], **texts})
    made = _templates.get_template(template)
    return made.render(t=t, language=TAGS[language], chosen_language=language, **values)


def _policy(nonce: str, form_target: str, *, wide: bool) -> str:
    """Content Security Policy (W3C CSP Level 3)."""
    styles = f"'nonce-{nonce}'"
    loads = f"style-src {styles}"
    if wide:
        loads = (
            f"script-src 'self'; style-src 'self' {styles}; connect-src 'self'; "
            "img-src 'self' data: blob:; worker-src 'self'"
        )
    said = (
        f"default-src 'none'; {loads}; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' {_source(form_target)}"
    )
    return said.strip()


def _source(url: str) -> str:
    """A URL as a CSP source: its origin, or its scheme where it has no host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:" * bool(url)

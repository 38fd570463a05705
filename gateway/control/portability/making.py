"""Making a resident's copy piece by piece: the platform's own part, holders as they answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import orjson

from gateway.control.clock import seconds
from gateway.control.oauth.records import SignIn
from gateway.control.pages import fragment
from gateway.control.pages.texts import TEXTS
from gateway.control.portability import holdings, my_page
from gateway.control.portability.archive import Archive, Entry, plain
from gateway.control.portability.reading import Read, read_all
from gateway.control.portability.sources import Source
from gateway.control.resident.history import ZONE
from gateway.control.residents import Resident
from gateway.control.state import Control

MANIFEST: Final = "manifest.json"
MOST_TO_READ: Final = 200_000
"""Bytes of a file that the page shows too."""
_CONTEXT: Final = {"@vocab": "https://schema.org/"}


@dataclass(frozen=True, slots=True)
class Copy:
    """One resident's, to be made once.

    Args:
        http: by which holders are read, through the gateway.
        how: the sign-in.
        sources: what holders are asked for.
    """

    control: Control
    http: httpx.AsyncClient
    resident: Resident
    how: SignIn
    sources: Sequence[Source]
    language: str

    @property
    def file_name(self) -> str:
        day = self._made().date().isoformat()
        return plain(TEXTS[self.language]["copy_file"].format(day=day)) + ".zip"

    def _made(self) -> datetime:
        return datetime.fromtimestamp(seconds(self.control.clock), ZONE)

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes of the archive. What a holder does not give is named in it, and no more."""
        texts, archive = TEXTS[self.language], Archive(self._made())
        shown: list[tuple[Entry, Any]] = []
        missing: list[Read] = []
        for part, value in (await holdings.of(self.control, self.resident, self.language)).items():
            title = texts[f"copy_{part}"]
            yield await archive.add(f"{plain(title)}.json", _json(value), title)
            shown.append((archive.entries[-1], value))
        token = my_page.token(self.control, self.resident, self.how, self.sources)
        async for read in read_all(self.http, token, self.sources):
            if not read.pages:
                missing.append(read)
                continue
            yield await self._holders(archive, read)
            shown.append((archive.entries[-1], _value(read.content)))
        manifest = self._manifest(archive.entries, missing)
        yield await archive.add(MANIFEST, _json(manifest))
        yield await archive.add(texts["copy_read_me"], self._page(shown, missing).encode())
        yield archive.close()

    async def _holders(self, archive: Archive, read: Read) -> bytes:
        title = read.source.title(self.language)
        name = f"{TEXTS[self.language]['copy_folder']}/{plain(title)}.json"
        return await archive.add(
            name,
            read.content,
            title,
            dataset=read.source.dataset.id,
            cut=read.state == "cut",
        )

    def _manifest(self, entries: Sequence[Entry], missing: Sequence[Read]) -> dict[str, Any]:
        """In terms of schema.org, as JSON-LD 1.1."""
        return {
            "@context": _CONTEXT,
            "@type": "Dataset",
            "name": TEXTS[self.language]["copy_title"],
            "about": {"@type": "Person", "name": self.resident.name},
            "creator": {"@type": "Organization", "url": self.control.public_url},
            "dateCreated": holdings.moment(self.control.now()),
            "inLanguage": "en" if self.language == "en" else "ja",
            "hasPart": [_part(one) for one in entries],
            # not of schema.org: what could not be had
            "https://w3id.org/dpv#hasNotAvailableData": [_missing(one) for one in missing],
        }

    def _page(self, shown: Sequence[tuple[Entry, Any]], missing: Sequence[Read]) -> str:
        texts = TEXTS[self.language]
        made = self._made().strftime("%Y-%m-%d %H:%M")
        return fragment(
            "copy.html",
            self.language,
            {},
            told=texts["copy_made"].format(
                name=self.resident.name,
                at=made,
                platform=texts["platform"],
                address=urlsplit(self.control.public_url).netloc,
            ),
            parts=[
                (entry, value if entry.size <= MOST_TO_READ else None) for entry, value in shown
            ],
            missing=[
                (one.source.title(self.language), texts[f"copy_{one.state}"]) for one in missing
            ],
        )


def _part(entry: Entry) -> dict[str, Any]:
    part: dict[str, Any] = {
        "@type": "DigitalDocument",
        "name": entry.name,
        "description": entry.about,
        "encodingFormat": "application/json",
        "contentSize": f"{entry.size} B",
        "sha256": entry.sha256,
    }
    if entry.dataset:
        part["identifier"] = entry.dataset
    if entry.cut:
        part["creativeWorkStatus"] = "Incomplete"
    return part


def _missing(read: Read) -> dict[str, str]:
    source = read.source
    return {"identifier": source.dataset.id, "url": source.path, "description": read.state}


def _value(content: bytes) -> Any:
    """For the page; ``None`` for what is too long for it anyway."""
    return orjson.loads(content) if len(content) <= MOST_TO_READ else None


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)

"""Scripts and styles of the pages: each under a name that has its content's hash in it.

Such a name never means anything else, so browsers and gateways keep the answer for a year; a new
release has new names. What is in ``assets/vendor`` is others' work (``tests/vendored.py``).
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

PREFIX: Final = "/assets/"
_FOLDER: Final = Path(__file__).parent / "assets"
_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".geojson": "application/geo+json",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file.

    Attributes:
        name: with its hash, as it is asked for.
    """

    name: str
    path: Path
    media_type: str


def _find() -> dict[str, Asset]:
    """File name → asset."""
    files = [path for path in sorted(_FOLDER.rglob("*")) if path.suffix in _MEDIA_TYPES]
    return {path.name: _asset(path) for path in files}


def _asset(path: Path) -> Asset:
    digest = blake2b(path.read_bytes(), digest_size=8).hexdigest()
    return Asset(f"{path.stem}-{digest}{path.suffix}", path, _MEDIA_TYPES[path.suffix])


_BY_FILE: Final = _find()
_BY_NAME: Final = {asset.name: asset for asset in _BY_FILE.values()}


def asset(file: str) -> str:
    """Where a file is served, for a page to name it.

    Raises:
        KeyError: there is no such file in ``assets``.
    """
    return PREFIX + _BY_FILE[file].name


def find(name: str) -> Asset | None:
    """The asset with this hashed name."""
    return _BY_NAME.get(name)


def all_files() -> tuple[str, ...]:
    return tuple(_BY_FILE)


@cache
def body(asset: Asset, *, zipped: bool) -> bytes:
    raw = asset.path.read_bytes()
    return gzip.compress(raw, 9, mtime=0) if zipped else raw

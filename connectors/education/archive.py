"""A ZIP archive of CSV files, opened without trusting what it says of itself."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Final

from connectors.faults import Faults

MOST_FILES: Final = 100
MOST_BYTES: Final = 512 * 1024 * 1024
"""Of all files together, unpacked."""
MOST_RATIO: Final = 200
"""Unpacked size over packed size; rosters stay under 20."""


def unpack(raw: bytes, faults: Faults) -> dict[str, bytes]:
    """File name → content.

    Raises:
        Unprocessable: it is not a ZIP archive, is damaged, encrypted, or unpacks to too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            _check(infos, faults)
            return {info.filename: archive.read(info) for info in infos}
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError) as error:
        faults.stop("archive", f"Not a readable ZIP archive: {error}.", "Send it again, whole.")
    except (NotImplementedError, RuntimeError) as error:
        faults.stop("archive", f"It cannot be unpacked: {error}.", "Use deflate, no password.")


def _check(infos: list[zipfile.ZipInfo], faults: Faults) -> None:
    if len(infos) > MOST_FILES:
        faults.stop("archive", f"There are more than {MOST_FILES} files.")
    if sum(info.file_size for info in infos) > MOST_BYTES:
        faults.stop("archive", f"It unpacks to more than {MOST_BYTES} bytes.")
    seen = set()
    for info in infos:
        if info.file_size > MOST_RATIO * max(info.compress_size, 1024):
            faults.stop(info.filename[:100], f"It unpacks to over {MOST_RATIO} times its size.")
        if "/" in info.filename or "\\" in info.filename:
            fix = "Put the files at the top of the archive."
            faults.add(info.filename[:100], "The file is in a folder.", fix)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            faults.add(info.filename[:100], "It is not packed by deflate, or plainly.")
        if info.filename in seen:
            faults.add(info.filename[:100], "The file is in the archive twice.")
        seen.add(info.filename)
    faults.check()

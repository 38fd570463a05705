"""SQLite stores that are there from the start: copied from one that was made once in a test run.

Making a store runs its migrations, which takes longer than most tests do.
"""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from pathlib import Path
from threading import Thread
from typing import Final

from sqlalchemy import MetaData

from schemas.kit.store import Store

_SQLITE: Final = "sqlite+aiosqlite:///"
_made: dict[Path, Path] = {}


def place(url: str, component: str, metadata: MetaData, versions: Path | None) -> None:
    """Have a component's newest tables, empty, at ``url`` if that is SQLite and nothing is there.

    Args:
        component, metadata, versions: what :class:`schemas.kit.store.Store` is given.
    """
    if not url.startswith(_SQLITE) or versions is None:
        return
    file = Path(url.removeprefix(_SQLITE)) / f"{component}.db"
    if file.exists():
        return
    if versions not in _made:
        _made[versions] = _make(component, metadata, versions)
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_made[versions], file)
    file.chmod(0o600)


def _make(component: str, metadata: MetaData, versions: Path) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="store-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)

    async def make() -> None:
        store = Store(f"{_SQLITE}{folder}", component, metadata, versions)
        await store.open()
        await store.close()  # the last connection: what is in the write-ahead log is in the file

    thread = Thread(target=asyncio.run, args=(make(),))  # a loop runs in this one
    thread.start()
    thread.join()
    return folder / f"{component}.db"

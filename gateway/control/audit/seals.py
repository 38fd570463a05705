"""Whether the sealed parts of a log are what was sealed, and whether what is gone was erased."""

from __future__ import annotations

from typing import Any

import orjson

from gateway.control.audit.event import seal_hash
from gateway.control.audit.tampered import Tampered


class Seals:
    """Looks at the entries of a log in their order."""

    def __init__(self) -> None:
        self._unreadable = self._erased = 0
        self._first = 0

    def look(self, number: int, text: str, subject: str, opened: str | None) -> dict[str, Any]:
        """Returns:
            What the entry says.

        Raises:
            Tampered: its sealed part is another one, or is kept from whom it is about.
        """
        said: dict[str, Any] = orjson.loads(text)
        sealed = said.get("sealed")
        if sealed:
            self._sealed(number, sealed, subject, opened)
        elif said.get("subject", "") != subject:
            raise Tampered(number, "it is filed in the trail of somebody whom it is not about")
        if said["action"] == "resident.erase":
            self._erased += said["detail"]["events"]
        return said

    def _sealed(self, number: int, sealed: str, subject: str, opened: str | None) -> None:
        if opened is None:
            if subject:
                raise Tampered(number, "its sealed part, or the key to it, is not what it was")
            self._first = self._first if self._unreadable else number
            self._unreadable += 1
        elif seal_hash(opened) != sealed:
            raise Tampered(number, "its sealed part is not what was recorded")
        elif orjson.loads(opened)["subject"] != subject:
            raise Tampered(number, "it is filed in the trail of somebody whom it is not about")

    def finish(self) -> int:
        """Returns:
            How many events were erased.

        Raises:
            Tampered: more or fewer than erasures say.
        """
        if self._unreadable != self._erased:
            what = f"events cannot be read, and {self._erased} were erased"
            raise Tampered(self._first, f"from it on {self._unreadable} {what}")
        return self._unreadable

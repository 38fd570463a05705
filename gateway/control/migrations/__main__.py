"""``python -m gateway.control.migrations revision "message"``: write the next version."""

from __future__ import annotations

from gateway.control import app  # noqa: F401 - every module that has tables
from gateway.control.migrations import VERSIONS
from gateway.control.tables import metadata
from schemas.kit.migrations.main import main

if __name__ == "__main__":
    main(metadata, VERSIONS)

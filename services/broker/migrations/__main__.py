"""``python -m services.broker.migrations revision "message"``: write the next version."""

from __future__ import annotations

from schemas.kit.migrations.main import main
from services.broker import app  # noqa: F401 - every module that has tables
from services.broker.migrations import VERSIONS
from services.broker.tables import metadata

if __name__ == "__main__":
    main(metadata, VERSIONS)

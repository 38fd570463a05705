"""``python -m services.evacuation.migrations revision "message"``: write the next version."""

from __future__ import annotations

from schemas.kit.migrations.main import main
from services.evacuation.migrations import VERSIONS
from services.evacuation.tables import METADATA

if __name__ == "__main__":
    main(METADATA, VERSIONS)

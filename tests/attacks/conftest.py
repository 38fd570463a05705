from __future__ import annotations

from tests.gateway.control.conftest import small_city as small_city

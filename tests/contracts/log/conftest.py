from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from services.broker.log import EventLog, Topic, open_log


@pytest.fixture(params=["embedded", "kafka"])
def log_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Every test of the contract runs on every adapter."""
    if request.param == "kafka":
        return str(request.getfixturevalue("kafka_url"))
    return f"sqlite:///{tmp_path}/log/log.db"


@pytest.fixture
async def log(log_url: str) -> AsyncIterator[EventLog]:
    log = open_log(log_url)
    yield log
    await log.close()


@pytest.fixture
async def topic(log: EventLog) -> str:
    """A topic of the test's own: the Kafka is shared."""
    name = f"test.{uuid4().hex}"
    await log.ensure([Topic(name, partitions=3)])
    return name

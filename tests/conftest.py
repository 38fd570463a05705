"""Real servers for every test that asks: started by the first, stopped after the last.

==================  =======  ==============================================================
fixture             scope    what
==================  =======  ==============================================================
``kafka_url``       session  ``kafka://host:port``; topics are shared, so name your own
``postgres_url``    module   ``postgresql+asyncpg://…`` of a new, empty database
``redis_url``       module   ``redis://…/n`` of an empty database
``postgres_server`` session  ``.database()`` gives the URL of one more empty database
``redis_server``    session  the same for Redis
``own_kafka``       test     a Kafka of one's own to ``kill()``, ``start()``, ``restart()``
==================  =======  ==============================================================
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.servers import choose

ALONE: Final = (
    "connectors/payments/test_crash.py",
    "contracts/log",
    "gateway/core/overload",
    "gateway/core/test_change.py",
    "gateway/core/test_faults.py",
    "gateway/core/test_killed.py",
    "gateway/core/test_listeners.py",
    "gateway/core/test_tls.py",
    "gateway/test_",
    "gateway/up",
    "journeys",
    "loadtests",
    "servers",
    "services/broker/test_",
    "services/broker/webhooks/test_killed.py",
)
"""Tests that start processes of their own, load them, or kill them: nothing runs beside these."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    folder = Path(__file__).parent
    for item in items:
        if item.path.relative_to(folder).as_posix().startswith(ALONE):
            item.add_marker(pytest.mark.alone)


@pytest.fixture(scope="session")
def kafka_url() -> Iterator[str]:
    with choose.kafka() as server:
        yield server.url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[choose.Databases]:
    with choose.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[choose.Databases]:
    with choose.redis() as server:
        yield server


@pytest.fixture(scope="module")
def postgres_url(postgres_server: choose.Databases) -> str:
    return postgres_server.database()


@pytest.fixture(scope="module")
def redis_url(redis_server: choose.Databases) -> str:
    return redis_server.database()


@pytest.fixture
def own_kafka() -> Iterator[choose.Killable]:
    with choose.killable("kafka") as server:
        yield server

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

import pytest

from tests.servers import choose


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

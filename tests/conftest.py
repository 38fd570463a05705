"""Real servers for every test that asks: started by the first, stopped after the last.

==================  =======  ==============================================================
fixture             scope    what
==================  =======  ==============================================================
``kafka_url``       session  ``kafka://host:port``; topics are shared, so name your own
``postgres_url``    module   ``postgresql+asyncpg://…`` of a new, empty database
``postgres_once``   test     the same, of a database that is emptied and used again: much quicker
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
from tests.servers.postgres import empty_database

ALONE: Final = (
    "contracts/log/test_log.py::test_a_waiting_reader_is_woken",
    "gateway/core/overload",
    "gateway/core/test_change.py",
    "gateway/core/test_faults.py",
    "gateway/core/test_killed.py",
    "gateway/test_emergency.py",
    "gateway/test_leases.py",
    "gateway/test_worker.py",
    "gateway/up/test_supervisor.py",
    "journeys",
    "loadtests/test_large.py",
    "loadtests/test_openloop.py",
    "loadtests/test_scenarios.py",
    "loadtests/test_telling.py",
    "services/broker/test_app.py::test_what_another_process_accepts",
)
"""Tests that measure, or that start a city: nothing runs beside these."""

FIRST: Final = (
    "services/broker/test_cluster.py",
    "services/broker/test_faults.py",
    "services/broker/webhooks/test_killed.py",
    "connectors/payments/test_crash.py",
    "servers/test_servers.py",
)
"""Files that take long, most of it waiting; begun last, one would keep a processor to itself."""

_TESTS: Final = Path(__file__).parent
_FILES_ALONE: Final = tuple(one for one in ALONE if "::" not in one)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import nothing that the run leaves out; importing them all takes a quarter of a minute."""
    if not collection_path.is_file():
        return None
    name = collection_path.relative_to(_TESTS).as_posix()
    alone = name.startswith(_FILES_ALONE)
    some_alone = any(one.startswith(f"{name}::") for one in ALONE)
    left_out = {"alone": not alone and not some_alone, "not alone": alone}
    return left_out.get(config.getoption("markexpr")) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if f"{_file(item)}::{item.name}".startswith(ALONE):
            item.add_marker(pytest.mark.alone)
    items.sort(key=lambda item: _file(item) not in FIRST)


def _file(item: pytest.Item) -> str:
    return item.path.relative_to(_TESTS).as_posix()


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


@pytest.fixture(scope="session")
def _emptied() -> list[str]:
    """URLs of databases that one test has used and the next may."""
    return []


@pytest.fixture
def postgres_once(postgres_server: choose.Databases, _emptied: list[str]) -> Iterator[str]:
    url = _emptied.pop() if _emptied else postgres_server.database()
    yield url
    empty_database(url)
    _emptied.append(url)


@pytest.fixture(scope="module")
def redis_url(redis_server: choose.Databases) -> str:
    return redis_server.database()


@pytest.fixture
def own_kafka() -> Iterator[choose.Killable]:
    with choose.killable("kafka") as server:
        yield server

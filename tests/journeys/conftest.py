"""Two cities, each started once: one on the embedded defaults, one on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.city import City, running_city
from tests.servers import choose


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test to ask for a city waits for it, and for Kafka before that."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A city on the embedded log, SQLite and local limits."""
    with running_city(tmp_path_factory.mktemp("embedded")) as city:
        yield city


@pytest.fixture(scope="session")
def city_on_servers(
    tmp_path_factory: pytest.TempPathFactory,
    kafka_url: str,
    postgres_server: choose.Databases,
    redis_server: choose.Databases,
) -> Iterator[City]:
    """A city on Kafka, PostgreSQL and Redis."""
    folder = tmp_path_factory.mktemp("servers")
    options = (
        *("--log-url", kafka_url),
        *("--store-url", postgres_server.database()),
        *("--limits-url", redis_server.database()),
    )
    with running_city(folder, *options) as city:
        yield city

"""Real Kafka, PostgreSQL and Redis for the tests.

Where a server comes from, in this order:

1. the environment names one (``SUPERCITY_TEST_KAFKA_URL``, ``SUPERCITY_TEST_POSTGRES_URL``,
   ``SUPERCITY_TEST_REDIS_URL``);
2. Docker Compose, where an engine answers;
3. a process of our own, from Debian's packages and Kafka's jars from Maven.

``python -m tests.servers setup`` installs what is missing (``make test`` calls it); the tests
themselves never install. Each pytest process starts its own servers when the first test asks for
one: Kafka is up in about three seconds, and workers of pytest-xdist then never meet each other's
topics, which the platform names itself.
"""

from tests.servers.kafka import KafkaServer
from tests.servers.local import LocalServer
from tests.servers.postgres import PostgresServer
from tests.servers.redis import RedisServer

__all__ = ["KafkaServer", "LocalServer", "PostgresServer", "RedisServer"]

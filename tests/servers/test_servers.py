"""The servers that other tests rely on are real, keep their data over a kill, and go away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis.asyncio import Redis

from tests.servers import KafkaServer, PostgresServer, RedisServer
from tests.servers.choose import Databases, Killable


async def test_kafka_takes_and_gives_back(kafka_url: str) -> None:
    bootstrap = kafka_url.removeprefix("kafka://")
    await create_topic(bootstrap, "servers.probe")
    await produce(bootstrap, "servers.probe", b"hello")
    assert await first_record(bootstrap, "servers.probe") == b"hello"


async def test_kafka_keeps_what_it_acknowledged_over_a_kill(own_kafka: Killable) -> None:
    bootstrap = own_kafka.url.removeprefix("kafka://")
    await create_topic(bootstrap, "servers.kept")
    await produce(bootstrap, "servers.kept", b"still here")
    own_kafka.restart()
    assert await first_record(bootstrap, "servers.kept") == b"still here"


async def test_a_kafka_of_three_nodes_goes_on_with_two() -> None:
    with KafkaServer(nodes=3) as cluster:
        await create_topic(cluster.bootstrap, "servers.copied", copies=3)
        await produce(cluster.bootstrap, "servers.copied", b"on three")
        cluster.kill("node1")
        await produce(cluster.bootstrap, "servers.copied", b"on two")
        assert await first_record(cluster.bootstrap, "servers.copied") == b"on three"
        assert len(cluster.pids()) == 2


async def test_postgres_answers(postgres_url: str) -> None:
    assert await scalar(postgres_url, "SELECT 1") == 1


async def test_each_postgres_database_is_empty_and_its_own(postgres_server: Databases) -> None:
    first, second = postgres_server.database(), postgres_server.database()
    await scalar(first, "CREATE TABLE only_here (id int)")
    assert await scalar(second, "SELECT to_regclass('only_here')") is None


async def test_postgres_keeps_what_it_committed_over_a_kill() -> None:
    with PostgresServer() as server:
        await scalar(server.url, "CREATE TABLE kept (id int)")
        await scalar(server.url, "INSERT INTO kept VALUES (7)")
        server.restart()
        assert await scalar(server.url, "SELECT id FROM kept") == 7


async def test_redis_answers(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as client:
        assert await client.ping()


async def test_each_redis_database_is_empty_and_its_own(redis_server: Databases) -> None:
    async with Redis.from_url(redis_server.database()) as first:
        await first.set("only", "here")
    async with Redis.from_url(redis_server.database()) as second:
        assert await second.get("only") is None


async def test_redis_keeps_what_it_acknowledged_over_a_kill() -> None:
    with RedisServer() as server:
        async with Redis.from_url(server.url) as client:
            await client.set("kept", "yes")
        server.restart()
        async with Redis.from_url(server.url) as client:
            assert await client.get("kept") == b"yes"


def test_a_stopped_server_leaves_neither_process_nor_data() -> None:
    server = RedisServer().start()
    (pid,), folder = server.pids(), server.folder
    server.stop()
    assert not alive(pid)
    assert not folder.exists()


def test_a_server_that_cannot_start_says_why() -> None:
    with RedisServer() as first:
        second = RedisServer()
        second.port = first.port
        with pytest.raises(RuntimeError, match="Address already in use"):
            second.start()
        second.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
def test_a_server_dies_with_the_tests_even_when_they_are_killed(tmp_path: Path) -> None:
    script = (
        "import sys; from tests.servers import RedisServer\n"
        "server = RedisServer().start(); print(server.pids()[0], server.folder, flush=True)\n"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout
        pid, folder = owner.stdout.readline().split()
        assert alive(int(pid))
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    eventually(lambda: not alive(int(pid)))
    Path(folder).rename(tmp_path / "left-behind")


# ---------------------------------------------------------------- helpers


async def create_topic(bootstrap: str, topic: str, copies: int = 1) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=copies)])
    finally:
        await admin.close()


async def produce(bootstrap: str, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        await producer.send_and_wait(topic, value)


async def first_record(bootstrap: str, topic: str) -> bytes | None:
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest"
    ) as consumer:
        record = await consumer.getone()
        return bytes(record.value) if record.value is not None else None


async def scalar(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def eventually(holds: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "never came true"
        time.sleep(0.02)

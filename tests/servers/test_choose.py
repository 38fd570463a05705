"""Where a test's server comes from, and what is said when it can come from nowhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from redis import Redis
from redis.exceptions import ConnectionError as Unreachable

from tests.servers import KafkaServer, choose, compose, jars, packages
from tests.servers.compose import ComposeServer
from tests.servers.missing import Missing

ENGINE = '''#!{python}
"""A Docker engine as far as compose.py uses one; its only container is a local Redis."""
import os, pathlib, signal, subprocess, sys, time
arguments, state = sys.argv[1:], pathlib.Path(__file__).with_name("state")
pid = state / "pid"
if "--file" not in arguments:
    sys.exit({broken})
command = arguments[5:]
if command[0] == "up":
    assert command[1:] == ["--detach", "--wait", "redis"], command
    state.mkdir(exist_ok=True)
    subprocess.run(["redis-server", "--port", os.environ["PORT"], "--daemonize", "yes",
                    "--dir", state, "--pidfile", pid, "--appendonly", "yes"], check=True)
    ask = ["redis-cli", "-p", os.environ["PORT"], "ping"]
    while subprocess.run(ask, capture_output=True).stdout != b"PONG\\n":
        time.sleep(0.02)
elif command[0] in ("kill", "down"):
    if pid.exists():
        os.kill(int(pid.read_text()), signal.SIGKILL)
        pid.unlink()
else:
    sys.exit(f"unknown command {{command}}")
'''


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    yield install_engine(tmp_path, monkeypatch, broken=0)
    compose.docker_answers.cache_clear()


def test_a_named_server_comes_first_and_is_left_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERCITY_TEST_KAFKA_URL", "kafka://somewhere:9092")
    with choose.kafka() as server:
        assert server.url == "kafka://somewhere:9092"


def test_a_named_redis_hands_out_its_database_empty(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERCITY_TEST_REDIS_URL", redis_url)
    with choose.redis() as server, Redis.from_url(server.database()) as client:
        client.set("left", "over")
        server.database()
        assert client.dbsize() == 0


def test_a_container_where_docker_answers_can_be_killed_and_brought_back(engine: Path) -> None:
    with choose.killable("redis") as server:
        assert isinstance(server, ComposeServer)
        with Redis.from_url(server.url) as client:
            client.set("kept", "yes")
            server.kill()
            with pytest.raises(Unreachable):
                client.ping()
            server.start()
            assert client.get("kept") == b"yes"
    assert not (engine / "state" / "pid").exists()


def test_a_process_of_our_own_where_the_engine_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_engine(tmp_path, monkeypatch, broken=1)
    server = choose.killable("kafka")
    compose.docker_answers.cache_clear()
    assert isinstance(server, KafkaServer)
    server.stop()


def test_every_service_of_the_compose_file_says_when_it_is_ready() -> None:
    services = yaml.safe_load((Path(compose.__file__).parent / "compose.yaml").read_text())
    assert set(services["services"]) == set(choose.SERVICES)
    assert all("healthcheck" in service for service in services["services"].values())


def test_the_container_runs_the_kafka_version_that_maven_brings() -> None:
    services = yaml.safe_load((Path(compose.__file__).parent / "compose.yaml").read_text())
    assert services["services"]["kafka"]["image"] == f"apache/kafka:{jars.version()}"


def test_jars_that_were_never_fetched_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERCITY_KAFKA_JARS", str(tmp_path))
    with pytest.raises(Missing, match=r"tests\.servers setup"):
        jars.jars()


def test_who_may_not_install_is_told_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    lacking = packages.program("surely-no-such-program", "some-package")
    with pytest.raises(SystemExit, match="sudo apt-get install some-package"):
        packages.install([lacking, packages.program(sys.executable, "python3")], print)


def install_engine(folder: Path, monkeypatch: pytest.MonkeyPatch, *, broken: int) -> Path:
    """Put an engine first on the path; ``broken`` is what its questions exit with."""
    binary = folder / "docker"
    binary.write_text(ENGINE.format(python=sys.executable, broken=broken))
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    compose.docker_answers.cache_clear()
    return folder

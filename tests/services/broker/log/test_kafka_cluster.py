from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.broker.log import LogUnavailable, Position, Record, Topic, open_log
from services.broker.log.kafka_cluster import Cluster
from tests.servers.kafka import KafkaServer, Secure

PASSWORD = "p@ss/word"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its self-signed certificate for 127.0.0.1, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kafka")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = tmp_path_factory.mktemp("tls") / "kafka.pem"
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture(scope="module")
def server(certificate: Path) -> Iterator[KafkaServer]:
    with KafkaServer(secure=Secure(certificate, "city", PASSWORD)) as server:
        yield server


async def test_a_log_that_is_encrypted_and_signed_in_to(
    server: KafkaServer, certificate: Path
) -> None:
    """Published, read and committed by TLS and SCRAM; a wrong password gets nothing."""
    url = f"kafka+ssl://city:p%40ss%2Fword@{server.secure_url}?ca={certificate}"
    log = open_log(url)
    await log.ensure([Topic("test.secure", partitions=1)])
    await log.publish([Record("test.secure", "k", b"secret")])
    reader = await log.reader(["test.secure"], Position())
    batch = await reader.read(limit=10, wait=10.0)
    assert [one.record.value for one in batch.records] == [b"secret"]
    await log.commit("g", batch.position)
    assert await log.committed("g", ["test.secure"]) == batch.position
    await reader.close()
    await log.close()
    stranger = open_log(url.replace("p%40ss", "guess"))
    with pytest.raises(LogUnavailable):
        await stranger.publish([Record("test.secure", "k", b"forged")])
    await stranger.close()


def test_what_the_url_says_is_what_the_clients_are_made_with(certificate: Path) -> None:
    cluster = Cluster.parse(f"kafka+ssl://u:p@a:1,b:2?ca={certificate}&mechanism=PLAIN")
    assert cluster.bootstrap == "a:1,b:2"
    assert cluster.security["sasl_mechanism"] == "PLAIN"
    assert cluster.security["security_protocol"] == "SASL_SSL"
    assert Cluster.parse("kafka+ssl://a:1").security["security_protocol"] == "SSL"
    assert Cluster.parse("kafka://a:1") == Cluster("a:1")


@pytest.mark.parametrize(
    "url",
    [
        "kafka://user:hidden@a:1",
        "kafka://a:1?ca=/x",
        "kafka+ssl://u:hidden@a:1?mechanism=NONE",
        "kafka+ssl://u:hidden@a:1?cs=/x",
        "kafka+ssl://u:hidden@a:1?ca=/nowhere.pem",
        "kafka+tls://u:hidden@a:1",
    ],
)
def test_a_refused_url_keeps_its_password_to_itself(url: str) -> None:
    with pytest.raises(ValueError, match=r"kafka|mechanism") as refused:
        open_log(url)
    assert "hidden" not in str(refused.value)


def test_a_cluster_does_not_show_its_password() -> None:
    assert "hidden" not in repr(Cluster.parse("kafka+ssl://u:hidden@a:1"))

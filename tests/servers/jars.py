"""Kafka's jars from Maven, kept in ``.servers/kafka/<version>``; and a Java to run them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

from tests.servers.missing import Missing

_HERE = Path(__file__).resolve().parent
_POM = _HERE / "pom.xml"
_CACHE = _HERE.parents[1] / ".servers" / "kafka"
_OLDEST_JAVA = 17


def version() -> str:
    """The Kafka version that ``pom.xml`` names."""
    found = ET.parse(_POM).findtext("{*}properties/{*}kafka.version")  # noqa: S314
    if not found:
        raise RuntimeError(f"{_POM} names no kafka.version")
    return found


def folder() -> Path:
    """Where the jars are or will be; ``SUPERCITY_KAFKA_JARS`` names a folder that has them."""
    named = os.environ.get("SUPERCITY_KAFKA_JARS")
    return Path(named) if named else _CACHE / version()


def jars() -> Path:
    """The folder of the jars.

    Raises:
        Missing: they were not fetched yet.
    """
    if not any(folder().glob("kafka_*.jar")):
        raise Missing("maven")
    return folder()


def fetch() -> Path:
    """Resolve the jars with Maven; whole or not at all, so that a broken download never stays."""
    maven = shutil.which("mvn")
    if not maven:
        raise Missing("maven")
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE) as scratch:
        part = Path(scratch) / "jars"
        command = [maven, "--batch-mode", "--quiet", "--file", str(_POM)]
        command += ["dependency:copy-dependencies", f"-DoutputDirectory={part}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"Maven could not resolve Kafka's jars:\n{done.stdout[-4000:]}")
        part.rename(_CACHE / version())
    return _CACHE / version()


@cache
def java() -> str:
    """The ``java`` command, 17 or later (``JAVA_HOME`` first)."""
    home = os.environ.get("JAVA_HOME")
    found = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if not found or java_version(found) < _OLDEST_JAVA:
        raise Missing("default-jre-headless")
    return found


def java_version(command: str) -> int:
    """The major version: 17 for ``openjdk version "17.0.15" 2025-04-15``."""
    out = subprocess.run([command, "-version"], capture_output=True, text=True, check=True)
    found = re.search(r'version "(\d+)', out.stderr)
    return int(found[1]) if found else 0

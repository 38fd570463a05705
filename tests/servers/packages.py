"""What must be installed, how to see that it is, and Debian's package for it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import jars, node
from tests.servers.missing import Missing
from tests.servers.postgres import binaries

_POLICY = Path("/usr/sbin/policy-rc.d")


@dataclass(frozen=True)
class Requirement:
    """One thing that must be there."""

    what: str
    package: str
    present: Callable[[], bool]


def program(name: str, package: str) -> Requirement:
    return Requirement(name, package, lambda: shutil.which(name) is not None)


def _is_there(find: Callable[[], object]) -> Callable[[], bool]:
    def present() -> bool:
        try:
            find()
        except Missing:
            return False
        return True

    return present


def _java() -> str:
    jars.java.cache_clear()
    return jars.java()


def _node() -> str:
    node.node.cache_clear()
    return node.node()


REDIS = program("redis-server", "redis-server")
POSTGRES = Requirement("postgres", "postgresql", _is_there(binaries))
JAVA = Requirement("java 17+", "default-jre-headless", _is_there(_java))
MAVEN = program("mvn", "maven")
PROGRAMS = (
    program("chromium", "chromium"),
    program("nginx", "nginx"),
    program("haproxy", "haproxy"),
    Requirement("node 18+", "nodejs", _is_there(_node)),
    program("npm", "npm"),
)


def install(requirements: Sequence[Requirement], say: Callable[[str], None]) -> None:
    """Install what is missing, with apt-get as root.

    Raises:
        SystemExit: something is missing and cannot be installed by this user here.
    """
    missing = [each for each in requirements if not each.present()]
    for each in requirements:
        if each not in missing:
            say(f"{each.what}: there")
    if not missing:
        return
    packages = sorted({each.package for each in missing})
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SystemExit(f"missing; install with: sudo apt-get install {' '.join(packages)}")
    say(f"installing {' '.join(packages)} (this can take a few minutes)")
    _apt_get(packages)
    still = [each.package for each in missing if not each.present()]
    if still:
        raise SystemExit(f"installed, yet not usable: {' '.join(still)}")


def _apt_get(packages: Sequence[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    options = ["--yes", "--no-install-recommends", "-qq", "-o", "Dpkg::Use-Pty=0"]
    with _services_stay_off():
        for command in (["update", "-qq"], ["install", *options, *packages]):
            done = subprocess.run(
                ["apt-get", *command],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                said = f"{done.stdout[-4000:]}{done.stderr[-4000:]}"
                raise SystemExit(f"apt-get {' '.join(command)} failed:\n{said}")


@contextmanager
def _services_stay_off() -> Iterator[None]:
    """Debian starts a server that it installs; a test dependency must not do that to a machine."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()

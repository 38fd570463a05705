"""``python -m tests.servers setup`` and ``python -m tests.servers run kafka postgres redis``.

``setup`` installs whatever the tests need and this machine lacks. ``run`` starts real servers in
the foreground, prints the options for ``supercity up``, and stops them on Ctrl-C.
"""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import ExitStack

from tests.servers import choose, compose, jars, node, packages
from tests.servers.named import named_url

_OPTIONS = {"kafka": "--log-url", "postgres": "--store-url", "redis": "--limits-url"}


def say(line: str) -> None:
    sys.stdout.write(f"  {line}\n")
    sys.stdout.flush()


def setup() -> None:
    """Bring everything that the tests need; a second call finds it all there."""
    own = [service for service in choose.SERVICES if not named_url(service)]
    for service in set(choose.SERVICES) - set(own):
        say(f"{service}: {named_url(service)}")
    if own and compose.docker_answers():
        say(f"{', '.join(own)}: Docker Compose")
        compose.pull(*own)
        own = []
    needed = [*packages.PROGRAMS]
    needed += [packages.REDIS] if "redis" in own else []
    needed += [packages.POSTGRES] if "postgres" in own else []
    needed += [packages.JAVA] if "kafka" in own else []
    packages.install(needed, say)
    if "kafka" in own:
        _kafka_jars()
    _npm_packages()


def _kafka_jars() -> None:
    if any(jars.folder().glob("kafka_*.jar")):
        say(f"Kafka {jars.version()}: {jars.folder()}")
        return
    packages.install([packages.MAVEN], say)
    say(f"Kafka {jars.version()}: resolving with Maven")
    say(f"Kafka {jars.version()}: {jars.fetch()}")


def _npm_packages() -> None:
    if not node.folder().is_dir():
        say("npm packages: installing")
        node.fetch()
    say(f"npm packages: {node.folder()}")


def run(services: list[str]) -> None:
    """Start the servers, print their URLs as options of ``supercity up``, wait for a signal."""
    stop_on = {signal.SIGINT, signal.SIGTERM}
    with ExitStack() as stack:
        servers = {name: stack.enter_context(choose.killable(name)) for name in services}
        for name, server in servers.items():
            say(f"{_OPTIONS[name]} {server.url}")
        signal.pthread_sigmask(signal.SIG_BLOCK, stop_on)
        signal.sigwait(stop_on)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.servers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("setup", help="install what the tests need")
    running = commands.add_parser("run", help="start servers, in the foreground")
    running.add_argument("services", nargs="+", choices=choose.SERVICES)
    arguments = parser.parse_args()
    if arguments.command == "setup":
        setup()
    else:
        run(arguments.services)


if __name__ == "__main__":
    main()

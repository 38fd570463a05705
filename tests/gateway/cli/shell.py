"""The command line as a shell runs it, and applications served over real HTTP."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from fastapi import FastAPI
from typer.testing import CliRunner

from gateway import cli
from gateway.cli.operator import Refused

runner = CliRunner()


@contextmanager
def served(app: FastAPI, listener: socket.socket) -> Iterator[None]:
    """``app`` over real HTTP in a thread of its own."""
    config = uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    started = threading.Event()
    startup = server.startup

    async def tell(sockets: list[socket.socket] | None = None) -> None:
        await startup(sockets)
        started.set()

    server.startup = tell  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        assert started.wait(20)
        yield
    finally:
        server.should_exit = True
        thread.join(20)


def listen() -> tuple[socket.socket, str]:
    listener = socket.create_server(("127.0.0.1", 0))
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


def run(*arguments: str, code: int = 0, given: str = "") -> str:
    """Standard output of a command."""
    result = runner.invoke(cli.app, arguments, catch_exceptions=False, input=given)
    assert result.exit_code == code, result.output
    return result.stdout


def refusal(*arguments: str) -> str:
    with pytest.raises(Refused) as refused:
        runner.invoke(cli.app, arguments, catch_exceptions=False)
    return str(refused.value)

"""A small application that the city has never seen, in the standard library alone."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.journeys.city import City


def operation(identity: str, *scopes: str, **more: Any) -> dict[str, Any]:
    """An operation of an OpenAPI document, with the platform's extension."""
    access = "scoped" if scopes else "open"
    return {
        "operationId": identity,
        "security": [{"cityOAuth": list(scopes)}] if scopes else [],
        "x-city": {"access": access, **more},
        "responses": {"200": {"description": "Good"}},
    }


def document(**paths: dict[str, Any]) -> dict[str, Any]:
    """An OpenAPI document; keyword names are paths without their slash."""
    scheme = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/", "scopes": {}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shared bikes", "version": "1"},
        "x-city": {"domain": "bikes"},
        "paths": {f"/{name}": item for name, item in paths.items()},
        "components": {"securitySchemes": {"cityOAuth": scheme}},
    }


def named(name: str) -> dict[str, Any]:
    """The document of an application attached under a name: its scopes begin with that."""
    return document(
        stations={"get": operation("listStations", f"{name}:read")},
        rides={"post": operation("startRide", f"{name}:ride")},
        about={"get": operation("about")},
        slow={"get": operation("slow", f"{name}:read")},
    )


@dataclass
class App:
    """What the application is told and has seen.

    Attributes:
        document: its OpenAPI document.
        seen: header fields of each request.
        hold: requests to ``/slow`` wait for this.
    """

    document: dict[str, Any]
    seen: list[dict[str, str]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    url: str = ""


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._connections: list[socket.socket] = []

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, peer = super().get_request()
        self._connections.append(connection)
        return connection, peer

    def server_close(self) -> None:
        """End as a process does: kept connections too, not only the port."""
        super().server_close()
        for connection in self._connections:
            with suppress(OSError):  # it has ended already
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: Any) -> None:
        """A gateway that gave up waiting is no news here."""


@contextmanager
def running(told: dict[str, Any]) -> Iterator[App]:
    app = App(told)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/openapi.json":
                self._answer(app.document)
                return
            if self.path == "/slow":
                app.hold.wait(60)
            app.seen.append({name.lower(): value for name, value in self.headers.items()})
            self._answer({"path": self.path, "method": self.command})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.do_GET()

        def _answer(self, body: Any) -> None:
            raw = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: Any) -> None:
            return

    server = QuietServer(("127.0.0.1", 0), Handler)
    app.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield app
    finally:
        app.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def attached(city: City, app: App, name: str) -> Iterator[None]:
    """The application attached to the city, and detached at the end."""
    with city.client("operator") as operator:
        asked = {"name": name, "documentUrl": f"{app.url}/openapi.json"}
        made = operator.post("/control/v1/apis", json=asked)
        assert made.status_code == 201, made.text
        try:
            yield
        finally:
            assert operator.delete(f"/control/v1/apis/{name}").status_code == 204

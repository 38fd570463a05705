"""Other people's readers of HTTP, each put between the core and the recorder.

They forward what they understood. If the recorder sees through one of them exactly what it sees
without, that reader found the same requests in the core's bytes as everybody else.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Final

from tests.servers.local import LocalServer
from tests.servers.ports import free_ports

_NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr warn;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  large_client_header_buffers 8 64k; ignore_invalid_headers off; underscores_in_headers on;
  merge_slashes off;
  server {{
    listen 127.0.0.1:{port}; client_max_body_size 0;
    location / {{ proxy_pass http://127.0.0.1:{behind}; proxy_http_version 1.1; }}
  }}
}}
"""
_HAPROXY = """
global
  tune.bufsize 65536
  tune.http.maxhdr 256
defaults
  mode http
  timeout connect 2s
  timeout client 10s
  timeout server 10s
listen peer
  bind 127.0.0.1:{port}
  server recorder 127.0.0.1:{behind}
"""
_METHODS: Final = ("GET", "POST", "PUT", "OPTIONS")


class Nginx(LocalServer):
    """nginx, as a plain reverse proxy of ``behind``."""

    name = "nginx"
    template: ClassVar[str] = _NGINX
    command: ClassVar[Sequence[str]] = ("nginx", "-e", "stderr", "-p", "{folder}", "-c", "{file}")

    def __init__(self, behind: int) -> None:
        super().__init__()
        self.port = free_ports(1)[0]
        self._behind = behind

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def _file(self) -> Path:
        return self.folder / "peer.conf"

    def prepare(self) -> None:
        self._file.write_text(
            self.template.format(folder=self.folder, port=self.port, behind=self._behind)
        )

    def commands(self) -> dict[str, Sequence[str]]:
        return {
            self.name: [part.format(folder=self.folder, file=self._file) for part in self.command]
        }

    def answers(self) -> bool:
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0


class Haproxy(Nginx):
    """HAProxy, likewise."""

    name = "haproxy"
    template = _HAPROXY
    command = ("haproxy", "-db", "-f", "{file}")


class _Handler(BaseHTTPRequestHandler):
    """Python's ``http.server``, which passes on what it understood by ``http.client``."""

    protocol_version = "HTTP/1.1"
    behind: ClassVar[int]

    def forward(self) -> None:
        upstream = http.client.HTTPConnection("127.0.0.1", self.behind, timeout=5)
        upstream.putrequest(self.command, self.path, skip_host=True)
        content = self._content()
        upstream.putheader("Host", self.headers["Host"])
        upstream.putheader("Content-Length", str(len(content)))
        upstream.endheaders(content)
        answer = upstream.getresponse()
        self.send_response(answer.status)
        told = answer.read()
        upstream.close()
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def _content(self) -> bytes:
        if self.headers["Transfer-Encoding"] == "chunked":
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers["Content-Length"] or 0))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline(), 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def log_message(self, *_: Any) -> None:
        """Nothing: the test says what it saw."""


@contextmanager
def _many_fields() -> Iterator[None]:
    """Room for 100 fields of a client and those of the core; the library has 100 in all."""
    before = vars(http.client)["_MAXHEADERS"]
    vars(http.client)["_MAXHEADERS"] = 200
    try:
        yield
    finally:
        vars(http.client)["_MAXHEADERS"] = before


@contextmanager
def _python(behind: int) -> Iterator[int]:
    methods = {f"do_{method}": _Handler.forward for method in _METHODS}
    handler = type("Handler", (_Handler,), {"behind": behind, **methods})
    with _many_fields(), ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _debian(kind: type[Nginx], behind: int) -> Iterator[int]:
    with kind(behind) as server:
        yield server.port


PEERS: dict[str, Callable[[int], AbstractContextManager[int]]] = {
    "nginx": lambda behind: _debian(Nginx, behind),
    "haproxy": lambda behind: _debian(Haproxy, behind),
    "python": _python,
}
"""By name: enter one with the recorder's port, and it gives its own."""

"""Serve the preview over HTTP on this machine only, and reload it in the browser after each build."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread

HOST = "127.0.0.1"
_KEEP_ALIVE = 20  # seconds between comments on a silent event stream, which show when the browser is gone


class Page:
    """Page that is served, and its version."""

    def __init__(self) -> None:
        self.html = b""
        self.version = 0
        self.changed = Condition()

    def show(self, html: str) -> None:
        """Replace the page and notify the browsers."""
        with self.changed:
            self.html, self.version = html.encode(), self.version + 1
            self.changed.notify_all()


@contextmanager
def serving(page: Page, port: int = 0) -> Iterator[str]:
    """Serve the page in a `with` block, which gets its URL. Port 0 means any free port. Raises OSError if the port is taken."""

    class Handler(_Handler):
        shown = page

    with ThreadingHTTPServer((HOST, port), Handler) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://{HOST}:{server.server_port}/"
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    shown: Page

    def do_GET(self) -> None:
        # any other host name is a foreign website that tries to read the notes (DNS rebinding)
        port = self.connection.getsockname()[1]
        if self.headers.get("Host") not in (f"{HOST}:{port}", f"localhost:{port}"):
            self.send_error(403)
        elif self.path == "/":
            self._send("text/html; charset=utf-8", self.shown.html)
        elif self.path == "/events":
            self._follow()
        else:
            self.send_error(404)

    def _send(self, kind: str, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(content)

    def _follow(self) -> None:
        """Send each version as a server-sent event (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        sent = None
        with suppress(OSError):  # the browser is gone
            while True:
                with self.shown.changed:
                    if sent == self.shown.version:
                        self.shown.changed.wait(_KEEP_ALIVE)
                    version = self.shown.version
                self.wfile.write(f"data: {version}\n\n".encode() if version != sent else b": still here\n\n")
                self.wfile.flush()
                sent = version

    def log_message(self, *args: object) -> None:
        """Log nothing: the terminal shows the builds."""

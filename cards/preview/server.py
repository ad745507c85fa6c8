"""The preview over HTTP on this machine alone, for a browser that follows the notes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread

HOST = "127.0.0.1"
_PATIENCE = 20  # seconds of silence on the stream of events before a sign of life


class Page:
    """The page that is served, and its version. `show` replaces it and tells the browsers."""

    def __init__(self) -> None:
        self.html = b""
        self.version = 0
        self.changed = Condition()

    def show(self, html: str) -> None:
        with self.changed:
            self.html, self.version = html.encode(), self.version + 1
            self.changed.notify_all()


@contextmanager
def serving(page: Page, port: int = 0) -> Iterator[str]:
    """Serve the page until the end of the block; its address. Raises OSError where the port is taken."""

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
        # another name for this machine is a page elsewhere that wants to read the notes (DNS rebinding)
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
        """The versions of the page as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        told = None
        try:
            while True:
                with self.shown.changed:
                    if told == self.shown.version:
                        self.shown.changed.wait(_PATIENCE)
                    version = self.shown.version
                self.wfile.write(f"data: {version}\n\n".encode() if version != told else b": still here\n\n")
                self.wfile.flush()
                told = version
        except OSError:
            return  # the browser has gone

    def log_message(self, *args: object) -> None:
        """Nothing: the terminal belongs to the builds."""

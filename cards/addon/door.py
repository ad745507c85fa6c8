"""The add-on's door: a server on this machine's loopback, which only those are served by who can read the user's files.

It has another port and another token each time that it opens, and leaves both in a file that only the user can read. No page
in a browser gets in: it does not know the token, and a request that names an origin, or comes by another name than 127.0.0.1
(DNS rebinding), is refused even with it. The door proves that it knows the token, without telling it, so that nobody is taken
in by another program on the same port.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MAX_BYTES = 1 << 30  # of one request
_PATIENCE = 60  # seconds in which a request has to arrive

_LONGEST_NONCE = 64
Handle = Callable[[dict[str, Any]], dict[str, Any]]


class Door:
    """A server that hands the JSON object of each request to `handle`, and answers with what that gives.

    `path` is the file that tells where it is, with `about` beside the port and the token.
    """

    def __init__(self, handle: Handle, path: str, about: dict[str, Any]) -> None:
        self.handle = handle
        self.path = path
        self.token = secrets.token_urlsafe(32)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        _write_private(path, {"port": self.port, "token": self.token, **about})

    def close(self) -> None:
        """Let nobody in any more."""
        with suppress(OSError):
            os.unlink(self.path)
        self.server.shutdown()
        self.server.server_close()


def proof(token: str, nonce: str) -> str:
    """What only who knows the token can answer to a nonce."""
    return hmac.new(token.encode(), nonce.encode(), "sha256").hexdigest()


def _write_private(path: str, content: dict[str, Any]) -> None:
    """Write a file that only the user can read, whole or not at all."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    made = f"{path}.{secrets.token_hex(8)}"
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(content, file)
    os.replace(made, path)


def _handler(door: Door) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE

        def do_GET(self) -> None:
            if not self.is_from_here() or len(self.path) > _LONGEST_NONCE:
                return self.reply(403, {"error": "refused"})
            return self.reply(200, {"proof": proof(door.token, self.path[1:])})

        def do_POST(self) -> None:
            size = self.headers.get("Content-Length", "")
            if not self.is_from_here() or not self.knows_token():
                return self.reply(403, {"error": "refused"})
            if not size.isdecimal() or int(size) > MAX_BYTES:
                return self.reply(413, {"error": "too large, or of unknown size"})
            try:
                asked = json.loads(self.rfile.read(int(size)))
                assert isinstance(asked, dict)
            except (ValueError, AssertionError, RecursionError):
                return self.reply(400, {"error": "no JSON object"})
            try:
                return self.reply(200, door.handle(asked))
            except Exception as error:
                return self.reply(500, {"error": f"{type(error).__name__}: {error}"})

        def is_from_here(self) -> bool:
            return "Origin" not in self.headers and self.headers.get("Host") == f"127.0.0.1:{door.port}"

        def knows_token(self) -> bool:
            given = self.headers.get("Authorization", "").encode()
            return hmac.compare_digest(given, f"Bearer {door.token}".encode())

        def reply(self, status: int, answer: dict[str, Any]) -> None:
            body = json.dumps(answer).encode()
            self.close_connection = True
            self.send_response_only(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler

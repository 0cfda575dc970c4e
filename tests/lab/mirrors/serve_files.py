#!/usr/bin/env python3
"""Serve a directory over plain HTTP to many clients at once, as a mirror does.

python3 serve_files.py ADDRESS PORT DIRECTORY
"""

from __future__ import annotations

import functools
import http
import http.server
import sys

PAGE = b"""<!DOCTYPE html>
<html><head><title>Moved</title></head>
<body><h1>This mirror has moved</h1><p>Log in to go on.</p></body></html>
"""


class Handler(http.server.SimpleHTTPRequestHandler):
    """Keeps connections open, and knows the types that a mirror's clients ask for."""

    protocol_version = "HTTP/1.1"
    timeout = 60
    extensions_map = {
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".asc": "text/plain",
        ".deb": "application/vnd.debian.binary-package",
        ".yaml": "application/yaml",
        "": "application/octet-stream",
    }

    def do_GET(self) -> None:
        """A file, or below /broken/html/ what a portal or a moved mirror says instead of it."""
        if not self.path.startswith("/broken/html/"):
            super().do_GET()
            return
        self.send_response(http.HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)


class Server(http.server.ThreadingHTTPServer):
    """Takes the burst of connections of a hundred hosts that install at once."""

    request_queue_size = 512
    daemon_threads = True


def main() -> None:
    """Serve until ended."""
    address, port, directory = sys.argv[1:]
    handler = functools.partial(Handler, directory=directory)
    with Server((address, int(port)), handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()

"""A mirror that lies: the lab's own, seen through a server that answers some paths with something else."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import subprocess
import tempfile
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from k8sboot.osfamily import openpgp

DOCKER = "/docker-ce/linux/debian"
IN_RELEASE = f"{DOCKER}/dists/bookworm/InRelease"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: Mirror

    def do_GET(self) -> None:
        answer = self.server.answers.get(self.path)
        if answer is None:
            answer = self.server.upstream(self.path)
        self.send_response(404 if answer is None else 200)
        self.send_header("Content-Length", str(len(answer or b"")))
        self.end_headers()
        self.wfile.write(answer or b"")

    def log_message(self, *_: object) -> None:
        """Nothing: the tests look at what k8sboot says."""


class Mirror(http.server.ThreadingHTTPServer):
    """answers: what is served under a path instead of what the lab's mirror has there."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, gateway: str, answers: Mapping[str, bytes]) -> None:
        super().__init__((gateway, 0), _Handler)
        self.answers = dict(answers)
        self._from = f"http://{gateway}:8080"
        self.url = f"http://{gateway}:{self.server_address[1]}"

    def upstream(self, path: str) -> bytes | None:
        """What the lab's mirror has under the path."""
        return fetched(self._from + path)


def fetched(url: str) -> bytes | None:
    """What lies at a URL, None where nothing does."""
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=30) as answer:
        data: bytes = answer.read()
        return data
    return None


@contextlib.contextmanager
def lying(gateway: str, answers: Mapping[str, bytes]) -> Iterator[Mirror]:
    """A mirror for the length of a block."""
    with Mirror(gateway, answers) as mirror:
        threading.Thread(target=mirror.serve_forever, daemon=True).start()
        yield mirror
        mirror.shutdown()


def altered(data: bytes) -> bytes:
    """The same with one byte changed in the middle."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def signed_by_expired(release: bytes) -> tuple[bytes, bytes]:
    """(InRelease, public key): signed, in its time, with a key that has expired since."""
    then = ("--faked-system-time", "20200101T000000!")
    with tempfile.TemporaryDirectory(prefix="fault-gpg-") as home:
        plain = Path(home, "Release")
        plain.write_bytes(release)
        try:
            _gpg(
                home, *then, "--quick-generate-key", "Expired <expired@k8sboot.lab>", "rsa2048", "sign", "30d"
            )
            _gpg(home, *then, "--clear-sign", "--output", f"{plain}.in", str(plain))
            key = _gpg(home, "--armor", "--export")
        finally:
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], check=False)
        return Path(f"{plain}.in").read_bytes(), key


def fingerprint_of(key: bytes) -> str:
    """What an inventory pins a key with."""
    return openpgp.certificates(key)[0].fingerprint


def _gpg(home: str, *words: str) -> bytes:
    command = ["gpg", "--homedir", home, "--batch", "--yes", "--quiet", "--pinentry-mode", "loopback",
               "--passphrase", "", *words]  # fmt: skip
    return subprocess.run(command, check=True, capture_output=True).stdout


def index_with(packages: bytes, release: bytes, path: str) -> bytes:
    """A Release file that tells the digest of this index instead of the one it told."""
    digest = hashlib.sha256(packages).hexdigest()
    lines = [
        f" {digest} {len(packages)} {path}"
        if line.endswith(f" {path}") and len(line.split()[0]) == 64
        else line
        for line in release.decode().splitlines()
    ]
    return "\n".join(lines).encode()

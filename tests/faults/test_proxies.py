"""Row 98: the inventory's proxy, as it should be and as it should not."""

from __future__ import annotations

import base64
import contextlib
import http.client
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import pytest
from faultclusters import LONG
from faultengines import Engine
from faulthosts import FaultyHost
from faultrows import row
from faultruns import Controller
from faultward import Ward
from on_lab import HOSTS
from summaries import changed

MASTER = HOSTS[0]
USER, WORD = "k8s", "s3cret word@lan"
CANARIES = (WORD, "s3cret%20word%40lan")


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: Proxy

    def do_GET(self) -> None:
        given = base64.b64encode(f"{USER}:{WORD}".encode()).decode()
        if self.headers.get("Proxy-Authorization") != f"Basic {given}":
            self.send_response(407)
            self.send_header("Proxy-Authenticate", 'Basic realm="lab"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.server.asked.append(self.path)
        place = urlsplit(self.path)
        with contextlib.closing(http.client.HTTPConnection(place.netloc, timeout=60)) as upstream:
            self._pass_on(upstream, place)

    def _pass_on(self, upstream: http.client.HTTPConnection, place: SplitResult) -> None:
        passed = {k: v for k, v in self.headers.items() if not k.lower().startswith(("proxy-", "connection"))}
        upstream.request(self.command, f"{place.path}?{place.query}".rstrip("?"), headers=passed)
        answer = upstream.getresponse()
        data = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(data)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Nothing: the tests look at what k8sboot says."""


class Proxy(http.server.ThreadingHTTPServer):
    """A proxy that requires a login. asked: the URLs that were fetched through it."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: str) -> None:
        super().__init__((address, 0), _Handler)
        self.asked: list[str] = []
        self.url = f"http://{address}:{self.server_address[1]}"


@pytest.fixture
def proxy(ward: Ward) -> Iterator[Proxy]:
    """It runs on this machine's address in the lab."""
    made = Proxy(ward.gateway)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


@row(98, "a proxy that works, with a login")
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_packages_and_images_come_through_the_proxy_and_the_api_does_not(
    controller: Controller, master: FaultyHost, proxy: Proxy, ward: Ward, tmp_path: Path, engine: Engine
) -> None:
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text(WORD)
    master.undo.callback(ward.lab.control, "reset", MASTER)
    controller.only(MASTER)
    login = {"user": USER, "password": {"file": str(secret)}}
    controller.spec["proxy"] = {"http": proxy.url, "https": proxy.url, **login}
    ran = controller.run("up", "--yes", "-vv", within=LONG)
    assert [url for url in proxy.asked if "InRelease" in url or "repomd.xml" in url]
    assert [url for url in proxy.asked if url.endswith((".deb", ".rpm"))]
    assert [url for url in proxy.asked if "/v2/" in url]
    assert not [url for url in proxy.asked if ":6443" in url]
    again = controller.run("up", "--yes", within=600)
    assert changed(again.stderr) == 0
    journals = b"".join(path.read_bytes() for path in controller.state.rglob("*") if path.is_file())
    for canary in CANARIES:
        assert canary not in ran.stdout + ran.stderr
        assert canary.encode() not in journals
    assert master.sh("stat -c %a /etc/k8sboot/proxy.env").strip() == "600"
    del controller.spec["proxy"]
    told = controller.run("phase", "container-runtime", within=600)
    assert changed(told.stderr) > 0
    assert "HTTP" not in master.sh(f"systemctl show -p Environment --value {engine.name}")
    assert proxy.url not in master.sh(f"tr '\\0' '\\n' < /proc/$(pidof {engine.program})/environ")


@row(98, "proxies that do not work")
@pytest.mark.parametrize("fault", ["refuses", "login", "name"])
def test_proxy_that_does_not_work_is_named_with_its_address(
    controller: Controller, master: FaultyHost, proxy: Proxy, ward: Ward, fault: str, engine: Engine
) -> None:
    url, *words = {
        "refuses": (f"http://{ward.gateway}:9", "nothing listens there"),
        "login": (proxy.url, "requires a login", "proxy.user"),
        "name": ("http://no-such-proxy.invalid:3128", "does not resolve"),
    }[fault]
    master.keep("/etc/k8sboot", engine.drop_ins)
    controller.only(MASTER)
    controller.spec["proxy"] = {"http": url, "https": url}
    ran = controller.run("phase", "os-packages", expect=1, within=300)
    ran.blames(MASTER, "KB-PROXY", f"the proxy {url}", *words)
    assert proxy.asked == []

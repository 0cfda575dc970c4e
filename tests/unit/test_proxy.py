"""The inventory's proxy: who gets it, who does not, and what is said of one that does not work."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from fake_cluster import FakeCluster
from inventories import spec
from runs import Told, run

from k8sboot.cli.masking import redactor
from k8sboot.desired.downloads import DOWNLOADS_BY, proxy_files, reached_directly
from k8sboot.host.proxy_fault import proxy_fault
from k8sboot.inventory.forms import FormError
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.model import Spec
from k8sboot.inventory.proxy import ProxySettings, proxy
from k8sboot.paths import PROXY, runtime_proxy
from k8sboot.runbook import UP
from k8sboot.secret import Secret

pytestmark = pytest.mark.usefixtures("clock")
URL = "http://proxy.lan:3128"
DROP_IN = runtime_proxy("docker.service")
WORD = "p@ss/w:rd"


def with_proxy(wanted: Spec, **settings: object) -> Spec:
    return replace(wanted, proxy=ProxySettings(**{"http": URL, "https": URL, **settings}))


@pytest.fixture
def proxied() -> FakeCluster:
    return FakeCluster(with_proxy(spec(), no_proxy=("registry.lan",)))


def restarts(cluster: FakeCluster) -> int:
    return cluster.hosts["n1"].units["docker.service"].restarts


def test_the_runtime_and_every_download_get_it_and_the_api_does_not(proxied: FakeCluster):
    assert run(proxied, UP).errors == {}
    host = proxied.hosts["m1"]
    lines = host.text(PROXY).splitlines()
    assert f"http_proxy={URL}" in lines
    assert f"https_proxy={URL}" in lines
    assert host.files[PROXY].mode == 0o600
    assert f"EnvironmentFile=-{PROXY}" in host.text(DROP_IN)
    start = 'sh -c \'set -a; . "$0"; exec "$@"\' ' + PROXY
    through = [line for line in host.commands if line.startswith(start)]
    downloading = [
        line
        for line in host.commands
        if any(word in line for word in ("apt-get -o", "apt-fetch", "apt-helper"))
    ]
    assert downloading
    assert [line for line in downloading if line not in through and "install" in line] == []
    assert not [line for line in through if "kubeadm " in line or "kubectl " in line]


def test_a_second_run_changes_nothing_and_costs_one_probe(proxied: FakeCluster):
    run(proxied, UP)
    for host in proxied.hosts.values():
        host.clear()
    told = run(proxied, UP)
    assert told.changes == {}
    assert proxied.hosts["n1"].runs.count("probe") == 1


def test_what_belongs_to_the_cluster_is_reached_directly(proxied: FakeCluster):
    direct = reached_directly(proxied.spec)
    cluster = proxied.spec.cluster
    assert {"registry.lan", "localhost", "127.0.0.1", cluster.pod_subnet, cluster.service_subnet} <= {*direct}
    assert {".svc", ".cluster.local", "192.0.2.1", "m1", "n1", "n2"} <= {*direct}
    assert len(direct) == len(set(direct))


def test_a_change_of_the_proxy_restarts_the_runtime_and_a_new_host_does_not(proxied: FakeCluster):
    run(proxied, UP)
    before = restarts(proxied)
    other = HostSpec("n9", "192.0.2.99", "node")
    proxied.spec = replace(proxied.spec, nodes=(*proxied.spec.nodes, other))
    run(proxied, UP, limit=["m1", "n1", "n2"])
    assert "192.0.2.99" in proxied.hosts["n1"].text(PROXY)
    assert restarts(proxied) == before
    proxied.spec = with_proxy(proxied.spec, http="http://other.lan:8080")
    run(proxied, UP, limit=["m1", "n1", "n2"])
    assert restarts(proxied) == before + 1


def test_a_proxy_that_is_taken_out_of_the_inventory_is_taken_from_the_runtime(proxied: FakeCluster):
    run(proxied, UP)
    before = restarts(proxied)
    proxied.spec = replace(proxied.spec, proxy=ProxySettings())
    run(proxied, UP)
    assert "http_proxy" not in proxied.hosts["n1"].text(PROXY)
    assert restarts(proxied) == before + 1
    assert run(proxied, UP).changes == {}


def test_a_plan_shows_the_file_and_writes_nothing(proxied: FakeCluster):
    told = run(proxied, UP, is_dry=True)
    assert told.errors == {}
    assert any(f"write {PROXY}" in what for what in told.changes["m1"])
    assert PROXY not in proxied.hosts["m1"].files


def test_without_one_no_host_gets_a_file(finished: FakeCluster):
    assert PROXY not in finished.hosts["m1"].files
    assert DROP_IN not in finished.hosts["m1"].files


def shown(told: Told) -> str:
    return "\n".join(map(repr, told.events))


def test_a_password_is_in_no_command_and_in_no_diff(proxied: FakeCluster):
    proxied.spec = with_proxy(proxied.spec, user="k8s", password=Secret(WORD))
    told = run(proxied, UP)
    host = proxied.hosts["m1"]
    assert "http_proxy=http://k8s:p%40ss%2Fw%3Ard@proxy.lan:3128" in host.text(PROXY).splitlines()
    assert "p%40ss" not in shown(told)
    assert "p%40ss" not in "".join(host.commands)
    assert redactor(proxied.spec)(f"a {WORD} b p%40ss%2Fw%3Ard") == "a *** b ***"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_words_before_a_download_give_it_the_variables_and_nothing_else(tmp_path: Path, shell: str):
    wanted = with_proxy(spec(), user="a'b$c", password=Secret(WORD))
    path = tmp_path / "proxy.env"

    class Nothing:
        def read_file(self, _path: str) -> None:
            return None

    path.write_bytes(proxy_files(wanted, Nothing())[0].data)  # type: ignore[arg-type]
    words = [shell, *DOWNLOADS_BY[1:3], str(path), "sh", "-c", 'echo "$http_proxy $no_proxy $1"', "x", "a  b"]
    done = subprocess.run(words, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True)
    url, direct, *rest = done.stdout.split(" ", 2)
    assert url == "http://a%27b%24c:p%40ss%2Fw%3Ard@proxy.lan:3128"
    assert direct == ",".join(reached_directly(wanted))
    assert rest == ["a  b\n"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("Err:1 http://deb.debian.org x\n  Could not connect to proxy.lan:3128 (10.0.0.5). - connect (111: Connection "
         "refused)", "refuses connections"),
        ("curl: (7) Failed to connect to proxy.lan port 3128: Connection refused", "refuses connections"),
        ("curl: (7) Failed to connect to proxy.lan port 3128 after 0 ms: Couldn't connect to server",
         "accepts no connections"),
        ("curl: (28) Failed to connect to proxy.lan port 3128 after 20000 ms: Timeout was reached", "does not answer"),
        ("curl: (5) Could not resolve proxy: proxy.lan", "does not resolve"),
        ("Temporary failure resolving 'proxy.lan'", "does not resolve"),
        ("Error response from daemon: Get https://registry/v2/: proxyconnect tcp: dial tcp: lookup proxy.lan: no such "
         "host", "does not resolve"),
        ("proxyconnect tcp: dial tcp proxy.lan:3128: connect: connection refused", "refuses connections"),
        ("E: Failed to fetch http://x/InRelease  407  Proxy Authentication Required [IP: 10.0.0.5 3128]", "login"),
        ("curl: (56) Received HTTP code 407 from proxy after CONNECT", "login"),
    ],
)  # fmt: skip
def test_a_proxy_that_does_not_work_is_named(words: str, says: str):
    fault = proxy_fault([URL], f"before\n{words}\nE: Some index files failed")
    assert fault is not None
    assert fault.what.startswith(f"the proxy {URL} ")
    assert says in fault.what
    assert "proxy." in fault.cure


@pytest.mark.parametrize(
    "words",
    [
        "Could not connect to deb.debian.org:80 (1.2.3.4). - connect (111: Connection refused)",
        "Could not connect to my-proxy.lan:3128. - connect (111: Connection refused)",
        "Could not connect to proxy.lan:31280. - connect (111: Connection refused)",
        "404  Not Found [IP: 10.0.0.5 3128]",
        "installed proxy.lan 3128",
        "",
    ],
)
def test_what_is_not_the_proxys_fault_is_not_called_so(words: str):
    assert proxy_fault([URL], words) is None


def test_a_phase_that_fails_at_the_proxy_says_so(proxied: FakeCluster):
    said = "curl: (7) Failed to connect to proxy.lan port 3128: Connection refused"
    proxied.hosts["n1"].answers["apt-get -o"] = (100, "", said)
    told = run(proxied, UP, limit=["m1", "n1"])
    assert told.errors == {"n1": "KB-PROXY"}
    assert "refuses connections" in told.report.errors["n1"].why
    assert "correct proxy.http and proxy.https in the inventory" in told.report.errors["n1"].fix


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("http://k8s:pw@proxy.lan:3128", "no user and password"),
        ("proxy.lan:3128", "http://HOST:PORT"),
        ("http://proxy.lan", "http://HOST:PORT"),
        ("socks5://proxy.lan:1080", "http://HOST:PORT"),
        ("http://proxy.lan:3128/x y", "http://HOST:PORT"),
    ],
)
def test_an_address_that_is_no_proxys_is_refused(text: str, says: str):
    with pytest.raises(FormError) as caught:
        proxy(text)
    assert says in caught.value.message


def test_an_address_may_end_in_a_slash():
    assert proxy("http://[fd00::1]:3128/") == "http://[fd00::1]:3128"

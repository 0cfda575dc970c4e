"""What `status` asks of hosts, run by every shell that a host may have for /bin/sh."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from k8sboot.kubernetes.etcd_metrics import NAMES, member_state
from k8sboot.scripts import render
from k8sboot.status.findings import why_not_ready
from k8sboot.status.questions import parts

IN_SHELLS = pytest.mark.parametrize(
    "shell",
    [
        pytest.param(w, id=w[0], marks=pytest.mark.skipif(not shutil.which(w[0]), reason=f"no {w[0]}"))
        for w in (["dash"], ["bash", "--posix"], ["busybox", "sh"])
    ],
)
KUBECTL = """#!/bin/sh
case "$*" in
  *" exec "*) sleep 0.2; echo '{"members": []}' ;;
  *) printf '%s\\n' "$@"; [ -z "$FAILS" ] || { echo "refused" >&2; exit 1; } ;;
esac
"""
METRICS = """\
# HELP etcd_server_has_leader Whether or not a leader exists.
etcd_server_has_leader 1
etcd_server_is_leader 0
etcd_server_id{server_id="8e9e05c52164694d"} 1
etcd_network_known_peers{Local="8e9e05c52164694d",Remote="a1"} 1
etcd_network_peer_sent_bytes_total{To="a1"} 5
etcd_debugging_mvcc_keys_total 3
"""


@pytest.fixture
def kubectl(tmp_path: Path) -> str:
    path = tmp_path / "kubectl"
    path.write_text(KUBECTL)
    path.chmod(0o755)
    return f"{path} --kubeconfig /x"


def manifest(folder: Path, *flags: str) -> str:
    path = folder / "manifest.yaml"
    path.write_text("spec:\n  containers:\n  - command:\n" + "".join(f"    - {flag}\n" for flag in flags))
    return str(path)


def said(shell: list[str], script: str, **environ: str) -> str:
    done = subprocess.run(
        shell, input=script, capture_output=True, text=True, timeout=30,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environ}, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


@IN_SHELLS
@pytest.mark.parametrize(
    ("flags", "own"),
    [
        (("--advertise-address=192.0.2.1", "--secure-port=6443"), "https://192.0.2.1:6443"),
        (("--advertise-address=2001:db8::1", "--secure-port=7443"), "https://[2001:db8::1]:7443"),
        (("--advertise-address=192.0.2.1",), "https://192.0.2.1:6443"),
        (("--secure-port=6443",), ""),
    ],
)
def test_a_masters_own_api_server_is_asked(shell, tmp_path, kubectl, flags, own):
    script = render("api-ready", KUBECTL=kubectl, MANIFEST=manifest(tmp_path, *flags))
    words = said(shell, script).split()
    assert words[:2] == ["--kubeconfig", "/x"]
    assert words[2:4] == (["--server", own] if own else ["get", "--raw"])
    assert "/readyz" in words


@IN_SHELLS
def test_a_failed_check_of_an_api_server_is_not_cut_off(shell, tmp_path):
    passed = r"\n".join(f"[+]poststarthook/start-{number} ok" for number in range(60))
    told = (
        rf'an error on the server ("[+]ping ok\n[-]etcd failed: reason withheld\n{passed}") has prevented it'
    )
    kubectl = tmp_path / "quoting"
    kubectl.write_text(f"#!/bin/sh\nprintf '%s\\n' '{told}'\nexit 1\n")
    kubectl.chmod(0o755)
    text = said(shell, render("api-ready", KUBECTL=str(kubectl), MANIFEST=manifest(tmp_path)))
    assert why_not_ready(text) == "these checks of /readyz fail: etcd"


@IN_SHELLS
def test_where_there_is_no_manifest_nothing_is_asked(shell, tmp_path, kubectl):
    assert said(shell, render("api-ready", KUBECTL=kubectl, MANIFEST=str(tmp_path / "none"))) == ""
    assert said(shell, render("etcd-metrics", MANIFEST=str(tmp_path / "none"), NAMES="a|b")) == ""


@IN_SHELLS
@pytest.mark.parametrize("fails", ["", "1"])
def test_the_parts_of_the_clusters_state(shell, tmp_path, kubectl, fails):
    script = render(
        "cluster-status", KUBECTL=kubectl, MANIFEST=manifest(tmp_path, "--advertise-address=192.0.2.1"),
        KINDS="nodes,pods", TEMPLATE='jsonpath={range .items[*]}{.a}{"\\t"}{end}', MASTER="m1",
        ETCDCTL="etcdctl member list",
    )  # fmt: skip
    found, now = parts(said(shell, script, FAILS=fails))
    assert now > 1_700_000_000
    assert found["members"].text == '{"members": []}'
    assert found["overview"].exit_status == int(fails or 0)
    assert 'jsonpath={range .items[*]}{.a}{"\\t"}{end}' in found["overview"].text
    assert ("refused" in found["overview"].text) == bool(fails)


@IN_SHELLS
def test_etcds_metrics_are_read_and_filtered(shell, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(f"HTTP/1.0 200 OK\r\n\r\n{METRICS}".encode())

        thread = threading.Thread(target=serve)
        thread.start()
        flag = f"--listen-metrics-urls=http://127.0.0.1:{server.getsockname()[1]}"
        text = said(shell, render("etcd-metrics", MANIFEST=manifest(tmp_path, flag), NAMES="|".join(NAMES)))
        thread.join()
    state = member_state(text)
    assert state is not None
    assert (state.id, state.peers, state.has_leader) == ("8e9e05c52164694d", {"a1"}, True)
    assert "debugging" not in text
    assert "sent_bytes" not in text

"""Rows 38 to 42, 59, 62, 63 and 88, in this order: a control plane that fails, then a cluster, and what befalls it."""

from __future__ import annotations

import base64
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from faultclusters import LONG, UP
from faultdeeds import run_impatient
from faultengines import Engine
from faulthosts import FaultyHost, until
from faultrows import row
from faultruns import Controller
from on_lab import HOSTS
from summaries import changed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
KUBEADM = "/usr/bin/kubeadm"
MASTER, NODE, OTHER = HOSTS
TRACES = (
    "/etc/kubernetes/*.conf /etc/kubernetes/pki /etc/kubernetes/manifests/* /var/lib/etcd/member"
    " /var/lib/k8sboot/kubeadm-unfinished"
)
API = "curl -ks https://localhost:6443/livez || wget -qO- --no-check-certificate https://localhost:6443/livez || true"
CERTIFICATES = f'case $1 in init) {KUBEADM}.real init phase certs all --config "$3"'


def alone(controller: Controller, whole: dict[str, Any]) -> None:
    controller.spec = {**whole}
    controller.only(MASTER)


def traces(host: FaultyHost) -> str:
    return host.sh(f"ls -d {TRACES} 2>/dev/null; true")


@row(39, "kubeadm hangs")
def test_kubeadm_that_hangs_is_ended_at_its_deadline(
    controller: Controller, whole: dict[str, Any], master: FaultyHost
) -> None:
    alone(controller, whole)
    controller.run("up", "--yes", "--to", "images", within=LONG)
    master.replace_program(
        KUBEADM,
        f'{CERTIFICATES}; echo "[wait] nobody answers"; sleep 9999 ;; esac\nexec {KUBEADM}.real "$@"',
    )
    ran = run_impatient(controller, "up", "--yes", "--to", "kubeadm-init", patience=30)
    error = ran.error(MASTER)
    assert error["code"] == "KB-DEADLINE", error
    assert "30 s" in error["what"]
    assert "[wait] nobody answers" in error["detail"]
    assert error["fix"]
    until(
        lambda: not master.sh("systemctl list-units --no-legend --plain 'k8sboot-*'").strip(), "the job's end"
    )
    assert master.sh("ps -eo args= | grep -c '[s]leep 9999'; true").strip() == "0", "it was left running"
    assert "kubeadm-unfinished" in traces(master)


@row(62, "reset of a half-built machine, and twice")
def test_half_built_machine_is_reset_and_twice_is_once(
    controller: Controller, whole: dict[str, Any], master: FaultyHost
) -> None:
    alone(controller, whole)
    controller.run("reset", "--yes", within=600).went_on(MASTER, phase="reset-host")
    assert traces(master) == ""
    assert changed(controller.run("reset", "--yes", within=600).stderr) == 0


@row(63, "the runtime hangs")
def test_runtime_that_hangs_is_named(
    controller: Controller, whole: dict[str, Any], master: FaultyHost, engine: Engine
) -> None:
    alone(controller, whole)
    master.undo.callback(master.sh, f"systemctl kill --kill-who=main --signal=CONT {engine.unit}")
    master.sh(f"systemctl kill --kill-who=main --signal=STOP {engine.unit}")
    ran = controller.run("phase", "container-runtime", expect=1, within=600)
    ran.blames(MASTER, "KB-RUNTIME-HANGS", engine.hangs, f"systemctl restart {engine.name}")
    (kept,) = re.findall(r"^  evidence: (.+)$", ran.stderr, re.MULTILINE)
    assert "MemTotal" in Path(kept).read_text(), "the rest was looked at all the same"
    master.undo.close()
    assert changed(controller.run("phase", "container-runtime").stderr) == 0


@row(38, "kubeadm init fails half-way")
def test_init_that_fails_half_way_is_begun_again(
    controller: Controller, whole: dict[str, Any], master: FaultyHost
) -> None:
    alone(controller, whole)
    master.replace_program(
        KUBEADM,
        f'{CERTIFICATES}; echo "no way" >&2; exit 1 ;; esac\nexec {KUBEADM}.real "$@"',
    )
    ran = controller.run("up", "--yes", "--to", "kubeadm-init", expect=1, within=600)
    error = ran.error(MASTER)
    assert "kubeadm init" in error["what"]
    assert "no way" in error["detail"]
    assert error["fix"]
    assert {"pki", "kubeadm-unfinished"} <= {path.rpartition("/")[2] for path in traces(master).split()}
    master.undo.close()
    again = controller.run("up", "--yes", "--to", "kubeadm-init", within=LONG)
    assert "did not finish: undoing it first" in again.notices(MASTER)
    assert "kubeadm-unfinished" not in traces(master)


@row(59, "up again on a healthy cluster")
def test_up_again_changes_nothing(controller: Controller, whole: dict[str, Any]) -> None:
    controller.spec = {**whole}
    controller.run(*UP, within=LONG)
    controller.lab.wait_for_ready(HOSTS)
    before = controller.lab.fingerprints()
    with controller.lab.unwritten():
        ran = controller.run(*UP, within=600)
    assert changed(ran.stderr) == 0
    assert ran.of("Changing") == []
    assert controller.lab.fingerprints() ^ before == set()


@row(88, "another kubernetesVersion than the cluster's")
def test_another_version_of_kubernetes_is_refused_before_anything_is_altered(
    controller: Controller, whole: dict[str, Any], engine: Engine
) -> None:
    version = whole["cluster"]["kubernetesVersion"]
    before = controller.lab.fingerprints()
    others = ("v1.20.15", "v1.20.1", "v1.19.16") if engine.is_docker else ("v1.37.15", "v1.37.1", "v1.36.3")
    for other in others:
        controller.spec = {**whole, "cluster": {**whole["cluster"], "kubernetesVersion": other}}
        for words in (("plan",), UP, ("phase", "kube-packages")):
            ran = controller.run(*words, expect=1)
            ran.blames(MASTER, "KB-KUBERNETES-VERSION", f"kubelet {version[1:]}", other[1:], version)
            assert ran.of("Changing") == []
    assert controller.lab.fingerprints() ^ before == set()
    controller.spec = {**whole}
    assert changed(controller.run(*UP, within=600).stderr) == 0


@row(42, "a machine of another cluster")
def test_machine_of_another_cluster_is_refused(
    controller: Controller, hosts: dict[str, FaultyHost], tmp_path: Path
) -> None:
    node = hosts[NODE]
    foreign = base64.b64encode(made_ca(tmp_path)).decode()
    conf = node.path("/etc/kubernetes/kubelet.conf").read_text()
    ours = next(line.split()[1] for line in conf.splitlines() if "certificate-authority-data" in line)
    node.write(
        "/etc/kubernetes/kubelet.conf",
        conf.replace(ours, foreign).replace("server: https://", "server: https://other-"),
        mode=0o600,
    )
    ran = controller.run(*UP, expect=1, within=600)
    ran.blames(NODE, "KB-FOREIGN-CLUSTER", "another cluster", "other-", "k8sboot reset --foreign SHA256:")
    assert ran.error(NODE)["why"].count("SHA256:") == 2
    assert ran.of("Changing") == ran.of("PhaseEnded") == []
    assert node.path("/etc/kubernetes/kubelet.conf").read_text().count(foreign) == 1
    node.undo.close()
    assert changed(controller.run(*UP, within=600).stderr) == 0


def made_ca(folder: Path) -> bytes:
    """The certificate of somebody else's cluster."""
    words = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "9",
        "-subj",
        "/CN=kubernetes",
    ]
    files = ["-keyout", f"{folder}/key", "-out", f"{folder}/crt"]
    subprocess.run([*words, *files], check=True, capture_output=True)
    return (folder / "crt").read_bytes()


@row(40, "the API does not come up")
def test_api_that_does_not_come_up_is_told_with_its_last_words(
    controller: Controller, hosts: dict[str, FaultyHost]
) -> None:
    master = hosts[MASTER]
    manifest = "/etc/kubernetes/manifests/kube-apiserver.yaml"
    master.keep(manifest)
    master.path(manifest).unlink()
    until(lambda: "ok" not in master.sh(API), "the end of the API server", within=120)
    ran = run_impatient(controller, *UP, patience=20, within=900)
    ran.blames(MASTER, "KB-DEADLINE", "the API server to be ready", "20 s", "refused")
    ran.went_on(NODE, OTHER, phase="kube-packages")
    assert ran.of("Changing") == []
    master.undo.close()
    until(lambda: "ok" in master.sh(API), "the API server", within=240)
    assert changed(controller.run(*UP, within=LONG).stderr) == 0


@row(40, "a node does not get Ready")
def test_node_that_does_not_get_ready_is_told_with_its_conditions(
    controller: Controller, hosts: dict[str, FaultyHost]
) -> None:
    node = hosts[OTHER]
    node.undo.callback(lambda: node.sh("systemctl unmask --runtime kubelet; systemctl start kubelet"))
    node.sh("systemctl mask --runtime kubelet; systemctl stop kubelet")
    until(lambda: OTHER not in controller.lab.ready_nodes(), "a node that is not Ready", within=240)
    ran = run_impatient(controller, "phase", "verify", patience=20)
    ran.blames(
        MASTER, "KB-KUBELET-DOWN", "20 s waiting for the nodes to be Ready", f"on {OTHER}: kubelet is not running",
        "kubelet stopped posting node status", "systemctl restart kubelet",
    )  # fmt: skip
    node.undo.close()
    controller.lab.wait_for_ready(HOSTS)
    controller.run(*UP, within=LONG)


@pytest.mark.parametrize("fault", ["gone", "expired"])
@row(41, "the join token is gone or has expired between init and join")
def test_join_token_that_is_gone_is_made_anew(
    controller: Controller, hosts: dict[str, FaultyHost], fault: str
) -> None:
    node, lab = hosts[OTHER], controller.lab
    controller.run("reset", "--yes", "--limit", OTHER, within=600)
    controller.run("phase", "join-token", within=300)
    names = lab.kubectl("-n", "kube-system", "get", "secrets", "-o", "name").split()
    tokens = [name for name in names if "bootstrap-token" in name]
    assert tokens
    for token in tokens:
        if fault == "gone":
            lab.kubectl("-n", "kube-system", "delete", token)
        else:
            patch = '{"stringData": {"expiration": "2020-01-01T00:00:00Z"}}'
            lab.kubectl("-n", "kube-system", "patch", token, "-p", patch)
    ran = controller.run("phase", "join-nodes", "--limit", OTHER, expect=1, within=300)
    ran.blames(OTHER, "KB-REFUSED", "join token", "join-token", "k8sboot up")
    assert traces(node) == ""
    ran = controller.run("up", "--yes", "--limit", OTHER, within=LONG)
    assert any(e["what"] == "make a join token" for e in ran.of("Changed", MASTER))
    lab.wait_for_ready(HOSTS)
    assert "k8sboot: join" not in controller.run("token", "list").stdout
    assert changed(controller.run(*UP, within=600).stderr) == 0

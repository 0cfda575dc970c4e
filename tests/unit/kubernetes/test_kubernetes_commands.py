from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from k8sboot.kubernetes import commands
from k8sboot.kubernetes.versions import KubernetesVersion

OLD, NEW = KubernetesVersion(1, 19, 16), KubernetesVersion(1, 23, 17)
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf --cache-dir /run/k8sboot/kubectl"

CASES = [
    (
        commands.kubeadm_init("/c"),
        "kubeadm init --config /c --upload-certs --skip-token-print --skip-certificate-key-print",
    ),
    (
        commands.kubeadm_init("/c", ignore=["Mem", "Swap"]),
        "kubeadm init --config /c --upload-certs --skip-token-print --skip-certificate-key-print"
        " --ignore-preflight-errors=Mem,Swap",
    ),
    (commands.kubeadm_join("/j"), "kubeadm join --config /j"),
    (
        commands.kubeadm_reset("/var/run/dockershim.sock"),
        "kubeadm reset --force --cri-socket /var/run/dockershim.sock",
    ),
    (
        commands.images_of("v1.23.17", "r.example/k8s"),
        "kubeadm config images list --kubernetes-version v1.23.17 --image-repository r.example/k8s",
    ),
    (
        commands.upload_certs(),
        "kubeadm init phase upload-certs --upload-certs --kubeconfig /etc/kubernetes/admin.conf",
    ),
    (
        commands.token_create(ttl="1h0m0s", description="a b"),
        "kubeadm token create --kubeconfig /etc/kubernetes/admin.conf --ttl 1h0m0s --description 'a b'",
    ),
    (commands.token_delete("abcdef"), "kubeadm token delete abcdef --kubeconfig /etc/kubernetes/admin.conf"),
    (
        commands.token_secrets(),
        f"{KUBECTL} get secrets --output json --request-timeout=20s --namespace kube-system"
        " --field-selector type=bootstrap.kubernetes.io/token",
    ),
    (commands.get("nodes"), f"{KUBECTL} get nodes --output json --request-timeout=20s"),
    (
        commands.get("pods", namespace="*"),
        f"{KUBECTL} get pods --output json --request-timeout=20s --all-namespaces",
    ),
    (
        commands.get("daemonset", "kube-proxy", namespace="kube-system"),
        f"{KUBECTL} get daemonset kube-proxy --output json --request-timeout=20s --namespace kube-system",
    ),
    (commands.api_ready(), f"{KUBECTL} get --raw /readyz --request-timeout=20s"),
    (commands.apply("/m.yaml"), f"{KUBECTL} apply --filename /m.yaml"),
    (commands.replace("/m.json"), f"{KUBECTL} replace --filename /m.json"),
    (
        commands.rollout_restart("daemonset", "kube-proxy", namespace="kube-system"),
        f"{KUBECTL} rollout restart daemonset/kube-proxy --namespace kube-system",
    ),
    (
        commands.drain("n1", kubectl_version=NEW, timeout=60),
        f"{KUBECTL} drain n1 --ignore-daemonsets --delete-emptydir-data --force --timeout=60s",
    ),
    (
        commands.drain("n1", kubectl_version=OLD, timeout=60),
        f"{KUBECTL} drain n1 --ignore-daemonsets --delete-local-data --force --timeout=60s",
    ),
    (commands.delete_node("n1"), f"{KUBECTL} delete node n1 --ignore-not-found"),
    (commands.config_validate("/c"), "kubeadm config validate --config /c"),
    (commands.config_migrate("/c"), "kubeadm config migrate --old-config /c"),
]


@pytest.mark.parametrize(("words", "line"), CASES, ids=[line.replace("/", "_")[:60] for _, line in CASES])
def test_command_line(words: commands.Words, line: str) -> None:
    assert shlex.join(words) == line


def test_the_join_line_of_a_node_and_of_a_master() -> None:
    node = commands.join_line("a:6443", token="t.t", ca_cert_hash="sha256:1")
    assert node == "kubeadm join a:6443 --token t.t --discovery-token-ca-cert-hash sha256:1"
    master = commands.join_line("a:6443", token="t.t", ca_cert_hash="sha256:1", certificate_key="k")
    assert master == f"{node} --control-plane --certificate-key k"


@pytest.mark.parametrize("exit_status", [0, 3])
def test_the_certificate_key_goes_into_a_private_file_and_nowhere_else(
    tmp_path: Path, exit_status: int
) -> None:
    kubeadm = tmp_path / "bin" / "kubeadm"
    kubeadm.parent.mkdir()
    kubeadm.write_text(f"#!/bin/sh\necho '[upload-certs] Using key:'\necho {'0f' * 32}\nexit {exit_status}\n")
    kubeadm.chmod(0o755)
    key = tmp_path / "state" / "key"
    done = subprocess.run(
        commands.upload_certs_to(str(key)),
        env={"PATH": f"{kubeadm.parent}:/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (exit_status, b"")
    assert [path.name for path in key.parent.iterdir()] == (["key"] if exit_status == 0 else [])
    if exit_status == 0:
        assert key.read_text() == "0f" * 32 + "\n"
        assert key.stat().st_mode & 0o777 == 0o600

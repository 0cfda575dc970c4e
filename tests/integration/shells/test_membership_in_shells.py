"""Whose machine this is, asked for real by every shell that a host may have, of files as kubeadm writes them."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from k8sboot.kubernetes.paths import CA_CERT, CA_KEY, ETCD_DATA, KUBELET_CLIENT, KUBELET_CONF, KUBELET_CONFIG
from k8sboot.kubernetes.pki import ca_cert_hash
from k8sboot.membership.reading import (
    CONTROLLER_MANAGER,
    MEMBERSHIP,
    Membership,
    begun,
    marked_as_member,
    parse,
)
from k8sboot.paths import CLUSTER_MARK, UNFINISHED

IN_SHELLS = pytest.mark.parametrize(
    "shell",
    [
        pytest.param(w, id=w[0], marks=pytest.mark.skipif(not shutil.which(w[0]), reason=f"no {w[0]}"))
        for w in (["dash"], ["bash", "--posix"], ["busybox", "sh"])
    ],
)
KEY = "c2VjcmV0LWtleQ=="
KUBECONFIG = """\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {ca}
    server: https://192.0.2.1:6443
  name: default-cluster
contexts:
- context:
    cluster: default-cluster
    namespace: default
    user: default-auth
  name: default-context
current-context: default-context
kind: Config
preferences: {{}}
users:
- name: default-auth
  user:
    client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem
    client-key: /var/lib/kubelet/pki/kubelet-client-current.pem
    client-key-data: {key}
    token: {key}
"""
MANIFEST = """\
spec:
  containers:
  - command:
    - kube-controller-manager
    - --allocate-node-cidrs=true
    - --cluster-cidr=172.16.0.0/16
    - --cluster-name=blue
    - --service-cluster-ip-range=10.96.0.0/16
"""


class Root:
    """A host's file system in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, path: str, text: str, *, time: int = 2_000_000_000) -> None:
        here = self.folder / path.lstrip("/")
        here.parent.mkdir(parents=True, exist_ok=True)
        here.write_text(text)
        os.utime(here, (time, time))

    def sh(self, shell: list[str], script: str) -> subprocess.CompletedProcess[str]:
        for top in ("/etc/", "/var/"):
            script = script.replace(top, f"{self.folder}{top}")
        return subprocess.run(shell, input=script, capture_output=True, text=True, timeout=30, check=False)

    def said(self, shell: list[str]) -> str:
        done = self.sh(shell, MEMBERSHIP.script)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.replace(str(self.folder), "")

    def found(self, shell: list[str]) -> Membership:
        said = self.said(shell)
        assert said.endswith("end\n")
        return parse(said)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A CA's certificate, and kubelet's certificate with its key behind it."""
    folder = tmp_path_factory.mktemp("pems")
    made = []
    for name, subject in (("ca", "/CN=kubernetes"), ("node", "/O=system:nodes/CN=system:node:k8s-node01")):
        files = ["-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.crt"]
        words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", subject, *files]
        subprocess.run(words, check=True, capture_output=True)
        made.append((folder / f"{name}.crt").read_text())
    return made[0], made[1] + (folder / "node.key").read_text()


@IN_SHELLS
def test_a_bare_machine_says_nothing(shell: list[str], root: Root):
    assert root.said(shell) == "end\n"


@IN_SHELLS
def test_a_member_says_whose_it_is_and_no_key(shell: list[str], root: Root, pems: tuple[str, str]):
    ca, client = pems
    root.put(KUBELET_CONF, KUBECONFIG.format(ca=base64.b64encode(ca.encode()).decode(), key=KEY))
    root.put(KUBELET_CLIENT, client)
    root.put(CONTROLLER_MANAGER, MANIFEST)
    root.put(KUBELET_CONFIG, "clusterDNS:\n- 10.96.0.10\nclusterDomain: cluster.local\n")
    root.put("/etc/default/kubelet", "KUBELET_EXTRA_ARGS='--v=2 --node-ip=192.0.2.7'\n")
    root.put(f"{ETCD_DATA}/snap/db", "")
    said = root.said(shell)
    assert "PRIVATE" not in said
    assert KEY not in said
    for line in client.split("-----BEGIN PRIVATE KEY-----")[1].splitlines()[1:-1]:
        assert line not in said
    found = parse(said)
    assert found.identities == {"SHA256:" + ca_cert_hash(ca).removeprefix("sha256:")}
    assert found.server == "https://192.0.2.1:6443"
    assert found.node_name == "k8s-node01"
    assert found.node_ip == "192.0.2.7"
    assert (found.cluster_name, found.dns_domain) == ("blue", "cluster.local")
    assert (found.pod_subnet, found.service_subnet) == ("172.16.0.0/16", "10.96.0.0/16")
    assert found.parts == {KUBELET_CONF, CONTROLLER_MANAGER, ETCD_DATA}


@IN_SHELLS
def test_what_is_older_than_an_old_empty_mark_is_known(shell: list[str], root: Root):
    root.put(UNFINISHED, "", time=1_900_000_000)
    root.put(CA_KEY, KEY, time=1_800_000_000)
    root.put(KUBELET_CONF, "", time=1_950_000_000)
    found = root.found(shell)
    assert found.older == {CA_KEY}
    assert found.remains == (CA_KEY,)


@IN_SHELLS
def test_a_mark_lists_what_is_absent_and_all_that_comes_then_may_be_undone(shell: list[str], root: Root):
    root.put(CA_KEY, KEY, time=1_000_000_000)
    assert root.sh(shell, begun()[2]).returncode == 0
    root.put(KUBELET_CONF, "", time=4_000_000_000)
    assert root.found(shell).remains == (CA_KEY,)
    (root.folder / CA_KEY.lstrip("/")).unlink()
    assert root.found(shell).is_unfinished


@IN_SHELLS
def test_no_mark_is_set_on_a_member(shell: list[str], root: Root):
    root.put(KUBELET_CONF, "")
    done = root.sh(shell, begun()[2])
    assert done.returncode == 1
    assert "is a member of a cluster" in done.stderr
    assert not (root.folder / UNFINISHED.lstrip("/")).exists()


@IN_SHELLS
def test_a_member_is_marked_with_its_cluster(shell: list[str], root: Root, pems: tuple[str, str]):
    root.put(CA_CERT, pems[0])
    root.put(UNFINISHED, "")
    assert root.sh(shell, marked_as_member("blue")[2]).returncode == 0
    assert (root.folder / CLUSTER_MARK.lstrip("/")).read_text() == f"cluster: blue\n{pems[0]}"
    assert root.found(shell).cluster_name == "blue"


@IN_SHELLS
def test_files_of_any_size_are_cut(shell: list[str], root: Root):
    root.put(KUBELET_CONF, "server: x\n" * 100_000 + "certificate-authority-data: " + "A" * 1_000_000)
    root.put(CA_CERT, "-----BEGIN CERTIFICATE-----\n" + "A" * 64 + "\n" * 100_000)
    assert len(root.said(shell)) < 100_000

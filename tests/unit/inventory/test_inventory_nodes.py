"""Labels, taints and kubelet's flags: of all hosts, of one, and what is refused with its place."""

from __future__ import annotations

import pytest

from k8sboot.inventory.load import load

HOSTS = """masters: [{name: m1, address: 192.0.2.1}]
nodes:
  - {name: n1, address: 192.0.2.2, labels: {disk: hdd}, taints: ["gpu=no:NoSchedule"], kubeletExtraArgs: {v: 9}}
  - {name: n2, address: 192.0.2.3}
cluster: {kubernetesVersion: v1.23.17}
"""


def test_a_host_has_its_own_over_those_of_all(tmp_path):
    path = tmp_path / "inventory.yaml"
    path.write_text(
        HOSTS
        + 'labels: {disk: ssd, "example.com/row": ""}\ntaints: ["gpu=true:NoSchedule", "gpu=true:NoExecute"]\n'
        "kubeletExtraArgs: {v: 4, serialize-image-pulls: false}\n"
    )
    n1, n2 = load(str(path)).spec.nodes
    assert n1.labels == {"disk": "hdd", "example.com/row": ""}
    assert n1.taints == ("gpu=no:NoSchedule", "gpu=true:NoExecute")
    assert n1.kubelet_extra_args == {"v": "9", "serialize-image-pulls": "false"}
    assert n2.labels == {"disk": "ssd", "example.com/row": ""}
    assert n2.taints == ("gpu=true:NoSchedule", "gpu=true:NoExecute")


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("labels: {kubernetes.io/disk: ssd}", 10, ("kubernetes.io", "example.com/disk")),
        ("labels: {disk.k8s.io/x: ssd}", 10, ("disk.k8s.io",)),
        ("labels: {kubernetes.io/hostname: x}", 10, ("kubernetes.io",)),
        ("labels: {node-role.kubernetes.io/master: ''}", 10, ("kubeadm",)),
        ("labels: {'a b': x}", 10, ("[PREFIX/]NAME",)),
        ("labels: {disk: 'very fast'}", 16, ("63",)),
        ("taints: [gpu]", 10, ("KEY=VALUE:EFFECT",)),
        ("taints: ['gpu:Never']", 10, ("NoSchedule",)),
        ("taints: ['node.kubernetes.io/x:NoSchedule']", 10, ("Kubernetes itself",)),
        ("kubeletExtraArgs: {node-labels: a=b}", 20, ("labels",)),
        ("kubeletExtraArgs: {node-ip: 1.2.3.4}", 20, ("nothing else sets",)),
        ("kubeletExtraArgs: {--v: 4}", 20, ("did you mean `v`?",)),
        ("kubeletExtraArgs: {v: '4 5'}", 23, ("one word",)),
    ],
)
def test_what_kubelet_or_the_api_would_refuse_is_refused_with_its_place(problems, text, column, words):
    (found,) = problems(f"{text}\n")
    assert (found.is_warning, found.column) == (False, column)
    for word in words:
        assert word in f"{found.message} {found.suggestion}"


@pytest.mark.parametrize(
    "key", ["disk", "example.com/disk", "topology.kubernetes.io/zone", "node-role.kubernetes.io/worker",
            "node.kubernetes.io/pool", "node-restriction.kubernetes.io/x"]
)  # fmt: skip
def test_labels_that_may_be_set_are_taken(problems, key):
    assert problems(f"labels: {{{key}: x}}\n") == []

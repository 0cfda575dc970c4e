"""The judge of cures finds what it is there to find."""

from __future__ import annotations

import pytest
from cures import SECTIONS, faults_of


@pytest.mark.parametrize(
    "cure",
    [
        "run `k8sboot up` again",
        "set cgroupDriver: systemd in /var/lib/kubelet/config.yaml and `systemctl restart kubelet`",
        "name a mirror that has it in os.repositories, or take another os.mirror",
        "read its log: `docker logs $(docker ps -aqf name=x | head -n 1) 2>/dev/null || echo none`",
        "see `k8sboot explain KB-SWAP`, then `k8sboot reset --limit HOST`",
        "if modules are missing, run `k8sboot phase kernel kube-proxy`; or set `kubeProxy: {mode: iptables}`",
    ],
)
def test_a_cure_that_can_be_followed(cure: str):
    assert faults_of(cure) == []


@pytest.mark.parametrize(
    ("cure", "fault"),
    [
        ("this is bad", "'this' tells nobody what to do"),
        ("if `key` is another, it is bad", "'it' tells nobody what to do"),
        ("run `k8sboot up again", "a backtick stands alone"),
        ("restart {unit}", "a placeholder is left: {unit}"),
        ("see `systemctl status None`", "a placeholder is left: None"),
        ("see `journalctl -u 'docker`", "no shell understands `journalctl -u 'docker`"),
        ("see `dmesg | tial`", "`dmesg | tial`: there is no tial"),
        ("see `docker logs $(dokcer ps)`", "`docker logs $(dokcer ps)`: there is no dokcer"),
        ("run `k8sboot upp`", "k8sboot has no command upp"),
        ("run `k8sboot reset --only HOST`", "k8sboot reset has no --only"),
        ("run `k8sboot phase container-runtim`", "there is no phase container-runtim"),
        ("see `k8sboot explain KB-NOTHING`", "nothing explains KB-NOTHING"),
        ("name it in os.repos", "the inventory has no os.repos"),
        ("set cluster.image_repository", "the inventory has no cluster.image_repository"),
    ],
)
def test_a_cure_that_cannot_be_followed(cure: str, fault: str):
    assert faults_of(cure) == [fault]


def test_the_sections_of_an_inventory_are_known():
    assert {"cluster", "os", "runtime", "calico", "kubeadm"} <= set(SECTIONS)

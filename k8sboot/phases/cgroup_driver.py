"""Chapter 2.2: kubelet and the container runtime use the same cgroup driver."""

from __future__ import annotations

import re

from k8sboot import runtime
from k8sboot.cluster import Cluster
from k8sboot.diagnosis.diagnose import DRIVERS
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.kubernetes.paths import KUBELET_CONFIG
from k8sboot.phase import everyone, phase


@phase(
    on=everyone,
    reads=lambda spec: Reads(files=(KUBELET_CONFIG,), questions=(runtime.of(spec).cgroup_driver,)),
    after=("kubeadm-init", "join-masters", "join-nodes"),
    needs=("kubeadm-init", "join-masters", "join-nodes"),
    diagnosis=DRIVERS,
)
def cgroup_driver(cluster: Cluster, host: Host) -> None:
    """Check that kubelet and the runtime use the same cgroup driver."""
    text = host.known(host.read_file(KUBELET_CONFIG), what="a kubelet configuration", after="join-nodes")
    found = re.search(r"(?m)^cgroupDriver:\s*['\"]?(\w+)", text)
    kubelet = found[1] if found else "cgroupfs"  # kubelet's own default
    engine = runtime.of(cluster.spec)
    other = host.answer(engine.cgroup_driver).text.strip()
    host.expect(
        "kubelet and the runtime to use the same cgroup driver",
        lambda: (
            ""
            if kubelet == other
            else f"kubelet has {kubelet} in {KUBELET_CONFIG}, {engine.name} has {other}"
        ),
    )

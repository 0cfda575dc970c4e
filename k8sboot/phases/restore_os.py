"""Restore, on demand, the host's state before k8sboot."""

from __future__ import annotations

from k8sboot import ensure, osfamily, runtime
from k8sboot.cluster import Cluster
from k8sboot.desired.runtime import refuse_to_stop_others
from k8sboot.ensure.restore.notes import NOTED
from k8sboot.ensure.security import CONFIG as SELINUX_CONFIG
from k8sboot.ensure.system import FSTAB
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.phase import everyone, phase

READERS = (
    "NetworkManager.service",
    *(family.paths.chrony_unit for family in osfamily.FAMILIES),
    *(unit for engine in runtime.RUNTIMES for unit in (*engine.lower_units, engine.unit)),
    "kubelet.service",
)
"""Units whose configuration k8sboot writes."""


@phase(
    on=everyone,
    reads=Reads(files=("/etc/hosts", FSTAB, SELINUX_CONFIG), units=READERS, questions=(NOTED,)),
    after=("reset-host",),
)
def restore_os(cluster: Cluster, host: Host) -> None:
    """Restore files, units, swap and settings to their state before k8sboot."""
    if ensure.would_restart(host, runtime.of(cluster.spec).unit):
        refuse_to_stop_others(cluster, host)
    ensure.as_before(host, readers=READERS)

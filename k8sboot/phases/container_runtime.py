"""Chapter 2.1: the container runtime, with the systemd cgroup driver from its first start."""

from __future__ import annotations

from k8sboot import ensure, runtime
from k8sboot.cluster import Cluster
from k8sboot.desired.packages import pinned
from k8sboot.diagnosis.diagnose import RUNTIME
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.inventory.model import Spec
from k8sboot.phase import everyone, phase


def _reads(spec: Spec) -> Reads:
    engine = runtime.of(spec)
    return Reads(
        files=tuple(file.path for file in engine.files(spec)),
        packages=tuple(engine.packages(spec)),
        units=(engine.unit, *engine.lower_units),
        questions=(engine.cgroup_driver,),
    )


@phase(on=everyone, reads=_reads, after=("package-versions",), diagnosis=RUNTIME)
def container_runtime(cluster: Cluster, host: Host) -> None:
    """Install and configure the container runtime."""
    engine = runtime.of(cluster.spec)
    ensure.files(host, *engine.files(cluster.spec))
    ensure.packages(host, *pinned(cluster, host, *engine.packages(cluster.spec)))
    for unit in engine.lower_units:
        ensure.restarted(host, unit)
    ensure.service(host, engine.unit)
    host.expect(
        f"{engine.name} to answer, and to use the systemd cgroup driver", lambda: engine.problem(host)
    )

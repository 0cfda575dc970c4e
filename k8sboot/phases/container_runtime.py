"""Chapter 2.1: the container runtime, with the systemd cgroup driver from its first start."""

from __future__ import annotations

from k8sboot import ensure, osfamily, runtime
from k8sboot.cluster import Cluster
from k8sboot.desired import by_command, downloads
from k8sboot.desired.kubeadm import MEMBER, is_member
from k8sboot.desired.packages import PINNED, pinned
from k8sboot.desired.runtime import is_restarted, refuse_misfit, runtime_files
from k8sboot.diagnosis.diagnose import RUNTIME
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads, union
from k8sboot.inventory.model import Spec
from k8sboot.phase import everyone, phase


def _reads(spec: Spec) -> Reads:
    engine = union((runtime.of(spec).reads(spec), by_command.KUBELETS_RUNTIME))
    return union((engine, PINNED, osfamily.INSTALLING, downloads.reads(spec), MEMBER))


@phase(
    on=everyone,
    reads=_reads,
    after=("package-versions",),
    turn=is_member,
    diagnosis=RUNTIME,
)
def container_runtime(cluster: Cluster, host: Host) -> None:
    """Install and configure the container runtime."""
    by_command.refuse_other_runtime(cluster, host)
    engine = runtime.of(cluster.spec)
    packages = pinned(cluster, host, *engine.packages(cluster.spec))
    version = ensure.version_to_come(host, packages[0], engine.by_version)
    refuse_misfit(cluster, host, version)
    files = runtime_files(cluster, host, *packages, version=version)
    restarts = is_member(host) and is_restarted(host, engine, files, packages)
    containers = " and all containers of this machine" if engine.stops_containers else ""
    what = f"restarts {engine.name}{containers}"
    with ensure.back_in_cluster(
        cluster, host, what, restarts=restarts, stops_containers=engine.stops_containers
    ):
        ensure.files(host, *files)
        ensure.absent(host, *engine.stale_files(cluster.spec, host))
        ensure.packages(host, *packages)
        for unit in engine.lower_units:
            ensure.restarted(host, unit)
        ensure.service(host, engine.unit)
        host.expect(
            f"{engine.name} to answer, and to use the systemd cgroup driver", lambda: engine.problem(host)
        )

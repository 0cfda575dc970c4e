"""Chapter 2.1: Docker, with the systemd cgroup driver from its very first start."""

from __future__ import annotations

from k8sboot import ensure
from k8sboot.cluster import Cluster
from k8sboot.desired.kubeadm import CGROUP_DRIVER, DOCKER_PATIENCE
from k8sboot.desired.packages import exactly
from k8sboot.diagnosis.diagnose import RUNTIME
from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads
from k8sboot.inventory.model import Spec
from k8sboot.paths import docker_limits
from k8sboot.phase import everyone, phase
from k8sboot.templates import render

DAEMON_JSON = "/etc/docker/daemon.json"
UNIT = "docker.service"
LIMITS = docker_limits(UNIT)
CONTAINERD = "containerd.service"
GIVEN_UP = 124
"""How coreutils' timeout ends when it has ended a command."""


def _reads(spec: Spec) -> Reads:
    return Reads(
        files=(DAEMON_JSON, LIMITS),
        packages=spec.runtime.packages,
        units=(UNIT, CONTAINERD),
        questions=(CGROUP_DRIVER,),
    )


@phase(on=everyone, reads=_reads, after=("package-versions",), diagnosis=RUNTIME)
def container_runtime(cluster: Cluster, host: Host) -> None:
    """Install and configure the container runtime."""
    settings = cluster.spec.runtime
    daemon = render(
        "daemon.json.j2",
        registry_mirrors=settings.registry_mirrors,
        insecure_registries=settings.insecure_registries,
        log_max_size=settings.log_max_size,
        log_max_file=settings.log_max_file,
    )
    limits = render("service-limits.conf.j2", open_files=cluster.spec.os.open_files)
    ensure.files(host, File(DAEMON_JSON, daemon, restarts=(UNIT,)), File(LIMITS, limits, restarts=(UNIT,)))
    ensure.packages(host, *exactly(cluster, host, *settings.packages))
    ensure.restarted(host, CONTAINERD)
    ensure.service(host, UNIT)
    host.expect("docker to answer, and to use the systemd cgroup driver", lambda: _wrong_driver(host))


def _wrong_driver(host: Host) -> str:
    said = host.answer(CGROUP_DRIVER)
    if said.exit_status == GIVEN_UP:
        return f"docker info has said nothing for {DOCKER_PATIENCE} s"
    driver = said.text.strip()
    return "" if driver == "systemd" else f"docker info says {driver or 'nothing'}; see {DAEMON_JSON}"

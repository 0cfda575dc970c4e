"""Chapter 2.1: swap, firewall, SELinux, repositories, tools, time and limits."""

from __future__ import annotations

from k8sboot import ensure, osfamily
from k8sboot.cluster import Cluster
from k8sboot.ensure.system import FSTAB
from k8sboot.host import Host
from k8sboot.inventory.model import Spec
from k8sboot.osfamily import Wanted
from k8sboot.phase import everyone, phase
from k8sboot.probe import Reads
from k8sboot.templates import render

LIMITS = "/etc/security/limits.d/90-k8sboot.conf"


def _reads(spec: Spec) -> Reads:
    families = osfamily.FAMILIES
    return Reads(
        files=(
            FSTAB,
            LIMITS,
            "/etc/selinux/config",
            *(f.paths.chrony_configuration for f in families),
            *(f.key_path(name) for f in families for name in ("docker", "kubernetes")),
            *(path for f in families for path in f.repository_paths),
        ),
        packages=("chrony", *(p for f in families for p in f.base_packages), *spec.os.packages),
        units=tuple(u for f in families for u in (f.paths.chrony_unit, *f.firewall_units)),
        questions=tuple(f.lists_are_fresh for f in families),
    )


@phase(on=everyone, reads=_reads, after=("preflight",))
def os_prep(cluster: Cluster, host: Host) -> None:
    """Prepare the operating system: swap, firewall, SELinux, repositories, tools, time, limits."""
    settings, family = cluster.spec.os, osfamily.of(host)
    ensure.swap_off(host)
    ensure.service_off(host, *family.firewall_units)
    ensure.selinux_permissive(host)
    for name, repository in family.repositories(host, settings).items():
        ensure.repository(host, name, repository)
    wanted = (*family.base_packages, *settings.packages)
    with_chrony = ("chrony",) if settings.time_sync == "chrony" else ()
    ensure.packages(host, *(Wanted(name) for name in (*wanted, *with_chrony)))
    ensure.timezone(host, settings.timezone)
    if with_chrony:
        unit = family.paths.chrony_unit
        text = render("chrony.conf.j2", servers=settings.ntp_servers)
        ensure.file(host, family.paths.chrony_configuration, text, restarts=(unit,))
        ensure.service(host, unit)
    ensure.file(
        host, LIMITS, render("limits.conf.j2", open_files=settings.open_files, processes=settings.processes)
    )

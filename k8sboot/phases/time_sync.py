"""Chapter 2.1: synchronize the clocks: etcd and certificates depend on them."""

from __future__ import annotations

from k8sboot import ensure, osfamily
from k8sboot.cluster import Cluster
from k8sboot.diagnosis.diagnose import PACKAGES
from k8sboot.host.host import Host
from k8sboot.host.reads import Reads, union
from k8sboot.inventory.model import Spec
from k8sboot.osfamily import Wanted
from k8sboot.paths import NTPDATE_CRON
from k8sboot.phase import everyone, phase
from k8sboot.templates import render

OURS = "# Managed by k8sboot"
OTHERS = ("ntpd.service", "ntp.service", "systemd-timesyncd.service")
"""Services that would set the clock as well."""
ALSO_WORKING = ("ntpsec.service", "openntpd.service")
"""More services that set the clock, which a host without time servers in the inventory keeps."""
REPLACED = ("systemd-timesyncd",)
"""Packages that a system has by itself, and cannot have together with chrony."""


def _reads(_spec: Spec) -> Reads:
    families = osfamily.FAMILIES
    own = Reads(
        files=(NTPDATE_CRON, *(f.paths.chrony_configuration for f in families)),
        packages=("chrony", *REPLACED, *(p for f in families for p in f.ntpdate_packages)),
        units=(
            *OTHERS,
            *ALSO_WORKING,
            *(u for f in families for u in (f.paths.chrony_unit, f.paths.cron_unit)),
        ),
    )
    return union((own, osfamily.INSTALLING))


@phase(on=everyone, reads=_reads, after=("preflight",), diagnosis=PACKAGES)
def time_sync(cluster: Cluster, host: Host) -> None:
    """Synchronize the clock with chrony, or with ntpdate from cron.

    Without time servers in the inventory, a host keeps the time service that it has.
    """
    match cluster.spec.os.time_sync:
        case "chrony" if not cluster.spec.os.ntp_servers:
            _any_service(host)
        case "chrony":
            _chrony(host, cluster.spec.os.ntp_servers)
        case "ntpdate":
            _ntpdate(host, cluster.spec.os.ntp_servers)
        case "none":
            _tell_what_stays(host)


def _chrony(host: Host, servers: tuple[str, ...]) -> None:
    paths = osfamily.of(host).paths
    ensure.packages(host, Wanted("chrony", replaces=REPLACED))
    ensure.absent(host, NTPDATE_CRON)
    ensure.service_off(host, *OTHERS)
    text = render("chrony.conf.j2", servers=servers)
    ensure.file(host, paths.chrony_configuration, text, restarts=(paths.chrony_unit,))
    ensure.service(host, paths.chrony_unit)


def _any_service(host: Host) -> None:
    """chrony as its package configures it, where nothing sets the clock yet."""
    unit = osfamily.of(host).paths.chrony_unit
    is_set = host.file(NTPDATE_CRON) is not None
    if not is_set and not any(host.unit(each).active == "active" for each in (unit, *OTHERS, *ALSO_WORKING)):
        ensure.packages(host, Wanted("chrony", replaces=REPLACED))
        ensure.service(host, unit)


def _tell_what_stays(host: Host) -> None:
    """What an earlier inventory had set up."""
    paths = osfamily.of(host).paths
    for path, what in ((paths.chrony_configuration, "chrony"), (NTPDATE_CRON, "ntpdate in cron")):
        if OURS in (host.read_file(path) or ""):
            host.notice(
                "KB-NOT-REMOVED", f"{what} goes on setting the clock: os.timeSync: none removes nothing"
            )


def _ntpdate(host: Host, servers: tuple[str, ...]) -> None:
    """ntpdate slews small differences, as a clock that jumps back breaks leases. The first time it is set at once."""
    family = osfamily.of(host)
    ensure.packages(host, *(Wanted(name) for name in family.ntpdate_packages))
    if host.file(NTPDATE_CRON) is None:
        host.change("set the clock", ["ntpdate", "-u", *servers], timeout=120)
    ensure.service_off(host, *OTHERS, family.paths.chrony_unit)
    ensure.file(host, NTPDATE_CRON, render("ntpdate.cron.j2", servers=servers))
    ensure.service(host, family.paths.cron_unit)

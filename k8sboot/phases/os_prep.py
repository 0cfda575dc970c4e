"""Chapter 2.1: swap, firewall, SELinux, NetworkManager, time zone and limits."""

from __future__ import annotations

from k8sboot import ensure, osfamily, runtime, scripts
from k8sboot.cluster import Cluster
from k8sboot.ensure.next_boot import NEXT_BOOT
from k8sboot.ensure.security import CONFIG as SELINUX_CONFIG
from k8sboot.ensure.system import FSTAB
from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.reads import Question, Reads
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.interfaces import SOFTWARE, UNMANAGED
from k8sboot.paths import LIMITS, UNMANAGED_INTERFACES, unit_limits
from k8sboot.phase import everyone, phase
from k8sboot.templates import render

NETWORK_MANAGER = "NetworkManager.service"
# Swap in compressed memory that a service sets up rather than swap.target.
ZRAM = ("zramswap.service", "zram-swap.service", "zram.service")

NETWORK_RAISES_LINKS = Question(
    "network-raises-links", scripts.render("network-raises-links", SOFTWARE=SOFTWARE), shares=True
)
"""Whether the old service `network` of EL7 brings up the links at the next boot."""


def service_limits(spec: Spec) -> dict[str, str]:
    """Units, each with the path of its limits: systemd starts them, so that limits.conf has no effect on them."""
    return {unit: unit_limits(unit) for unit in (*runtime.of(spec).lower_units, "kubelet.service")}


def _reads(spec: Spec) -> Reads:
    limits = service_limits(spec)
    firewalls = (unit for family in osfamily.FAMILIES for unit in family.firewall_units)
    return Reads(
        files=(FSTAB, LIMITS, SELINUX_CONFIG, UNMANAGED_INTERFACES, *limits.values()),
        units=(*firewalls, NETWORK_MANAGER, *limits, *ZRAM),
        questions=(NETWORK_RAISES_LINKS, NEXT_BOOT),
    )


@phase(on=everyone, reads=_reads, after=("preflight",))
def os_prep(cluster: Cluster, host: Host) -> None:
    """Turn off swap and firewall, adjust SELinux and NetworkManager, set time zone and limits."""
    settings = cluster.spec.os
    ensure.service_off(host, *ZRAM)
    ensure.swap_off(host)
    if settings.firewall == "off":
        ensure.service_off(host, *osfamily.of(host).firewall_units)
        ensure.filters_stay_off(host)
    ensure.selinux(host, settings.selinux)
    _network_manager(host)
    if settings.timezone:
        ensure.timezone(host, settings.timezone)
    limits = render("limits.conf.j2", open_files=settings.open_files, processes=settings.processes)
    of_service = render("service-limits.conf.j2", open_files=settings.open_files)
    services = (
        File(path, of_service, restarts=(unit,)) for unit, path in service_limits(cluster.spec).items()
    )
    ensure.files(host, File(LIMITS, limits), *services)


def _network_manager(host: Host) -> None:
    """Keep NetworkManager away from the interfaces of the pods' network, without losing the machine's link.

    It is disabled only where the old service `network` brings up the links at the next boot; until then it keeps
    running, as it holds the DHCP leases.
    """
    if not host.unit(NETWORK_MANAGER).exists:
        return
    text = render("networkmanager-unmanaged.conf.j2", interfaces=UNMANAGED)
    ensure.file(host, UNMANAGED_INTERFACES, text, restarts=(NETWORK_MANAGER,))
    ensure.reloaded(host, NETWORK_MANAGER)
    if host.answer(NETWORK_RAISES_LINKS).exit_status == 0:
        ensure.not_at_boot(host, NETWORK_MANAGER)

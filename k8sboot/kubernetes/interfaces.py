"""Virtual network interfaces on a host, and patterns that match some of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Interface:
    """One kind of interface; a field is '' if it does not apply. No field is a whole pattern.

    prefix: for names that are not the host's own hardware. unmanaged: a glob of names that a network manager must
    ignore. trace: prefix of names that show that Kubernetes is or was here. deleted: names that a reset deletes, up to
    a `$`, or their prefix. All are regular expressions, except the glob.
    """

    prefix: str = ""
    unmanaged: str = ""
    trace: str = ""
    deleted: str = ""


INTERFACES = (
    # container runtimes, bridges, and networks of pods in general
    Interface(prefix="docker"),
    Interface(prefix="br-"),
    Interface(prefix="veth"),
    Interface(prefix="cni"),
    Interface(prefix="flannel"),
    # Calico
    Interface(prefix="cali", unmanaged="cali*", trace="cali", deleted="cali"),
    Interface(prefix="tunl", unmanaged="tunl*", trace="tunl0"),
    Interface(prefix="vxlan", unmanaged="vxlan.calico", trace="vxlan.calico", deleted="vxlan.calico$"),
    Interface(unmanaged="vxlan-v6.calico"),
    Interface(unmanaged="wireguard.cali"),
    Interface(unmanaged="wg-v6.cali"),
    # kube-proxy
    Interface(prefix="kube-", unmanaged="kube-ipvs0", trace="kube-ipvs0", deleted="kube-ipvs0$"),
)

SOFTWARE = "|".join(each.prefix for each in INTERFACES if each.prefix)
"""Interfaces that are not hardware of the host: a pattern for the start of a name."""
UNMANAGED = tuple(each.unmanaged for each in INTERFACES if each.unmanaged)
"""Interfaces that Calico and kube-proxy create, for NetworkManager to ignore: globs."""
TRACES = "|".join(each.trace for each in INTERFACES if each.trace)
"""Interfaces that Kubernetes leaves behind: a pattern for the start of a name."""
DELETED = "|".join(each.deleted for each in INTERFACES if each.deleted)
"""Interfaces that a reset deletes: a pattern for the start of a name."""

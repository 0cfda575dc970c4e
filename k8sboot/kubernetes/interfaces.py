"""Virtual network interfaces on a host, and patterns that match some of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Interface:
    """One kind of interface; a field is '' if it does not apply. No field is a whole pattern.

    prefix: for names that are not the host's own hardware. unmanaged: a glob of names that a network manager must
    ignore. left: names that show that Kubernetes is or was here, which a reset deletes, up to a `$`, or their prefix.
    of_plugin: names of another plugin than Calico, which a reset deletes where one was installed.
    All are regular expressions, except the glob.
    """

    prefix: str = ""
    unmanaged: str = ""
    left: str = ""
    of_plugin: str = ""


INTERFACES = (
    # container runtimes, bridges, and networks of pods in general
    Interface(prefix="docker"),
    Interface(prefix="br-"),
    Interface(prefix="veth"),
    Interface(prefix="cni", of_plugin="cni0$"),
    Interface(prefix="flannel", of_plugin=r"flannel[.]"),
    Interface(of_plugin="cilium_"),
    Interface(of_plugin="antrea-gw0$"),
    Interface(of_plugin="weave$"),
    # Calico
    Interface(prefix="cali", unmanaged="cali*", left="cali"),
    Interface(prefix="tunl", unmanaged="tunl*"),  # tunl0 is there as long as the module ipip is loaded
    Interface(prefix="vxlan", unmanaged="vxlan.calico", left="vxlan.calico$"),
    Interface(unmanaged="vxlan-v6.calico", left="vxlan-v6.calico$"),
    Interface(unmanaged="wireguard.cali", left="wireguard.cali$"),
    Interface(unmanaged="wg-v6.cali", left="wg-v6.cali$"),
    # kube-proxy
    Interface(prefix="kube-", unmanaged="kube-ipvs0", left="kube-ipvs0$"),
    # kube-router
    Interface(of_plugin="kube-bridge$"),
)

SOFTWARE = "|".join(each.prefix for each in INTERFACES if each.prefix)
"""Interfaces that are not hardware of the host: a pattern for the start of a name."""
UNMANAGED = tuple(each.unmanaged for each in INTERFACES if each.unmanaged)
"""Interfaces that Calico and kube-proxy create, for NetworkManager to ignore: globs."""
LEFT = "|".join(each.left for each in INTERFACES if each.left)
"""Interfaces that Kubernetes leaves behind and a reset deletes: a pattern for the start of a name."""
OF_PLUGINS = "|".join(each.of_plugin for each in INTERFACES if each.of_plugin)
"""Interfaces that other plugins than Calico leave behind: a pattern for the start of a name."""

"""What kube-proxy leaves on a host when its mode changes between iptables and ipvs.

It cleans up after the mode nftables, and in it. Between the other two nothing is removed: kubernetes 102314, KEP-2448.
"""

from __future__ import annotations

from k8sboot.host.host import Host
from k8sboot.host.reads import Question, Reads
from k8sboot.host.snapshot import from_to
from k8sboot.kubernetes.paths import KUBELET_CONF
from k8sboot.scripts import render

_NOT_OF = {
    "iptables": {"CHAINS": "KUBE-NODE-PORT|KUBE-IPVS-FILTER|KUBE-IPVS-OUT-FILTER", "LINK": "kube-ipvs0"},
    "ipvs": {"CHAINS": "KUBE-SERVICES|KUBE-EXTERNAL-SERVICES|KUBE-NODEPORTS", "LINK": ""},
}
"""What a mode does not have, and the other one has: chains that the table filter jumps to, and an interface."""


def left_reads(mode: str) -> Reads:
    """What no_other_mode() reads on a host."""
    return Reads(questions=(_left(mode),)) if mode in _NOT_OF else Reads()


def no_other_mode(host: Host, mode: str) -> None:
    """Remove what kube-proxy left of another mode.

    Rules still reject connections to NodePorts of Services that had no Pods, and addresses still lead to former Pods.
    """
    if mode in _NOT_OF and (found := _found(host, mode)):
        host.change(
            f"remove what kube-proxy left of mode {_other(mode)}",
            ["/bin/sh", "-c", render("undo-proxy", **_NOT_OF[mode])],
            diff="".join(from_to(line, "left", "removed") for line in found.splitlines()),
            check=lambda: _found(host, mode),
        )


def _other(mode: str) -> str:
    return "iptables" if mode == "ipvs" else "ipvs"


def _left(mode: str) -> Question:
    return Question("proxy-left", render("proxy-left", MEMBER=KUBELET_CONF, **_NOT_OF[mode]), shares=True)


def _found(host: Host, mode: str) -> str:
    return host.answer(_left(mode)).text.strip()

"""The ports of its own on which a host of the cluster will listen, and the programs that have taken them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from k8sboot.host.peer import Peer
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import ports
from k8sboot.kubernetes.answers import at

_OF_SS = re.compile(r'"([^"]{1,64})",pid=(\d{1,10})')
_IN_THE_WAY = ("", "*", "0.0.0.0", "::", "127.0.0.1", "::ffff:127.0.0.1")  # noqa: S104 - compared with
"""Addresses on which a listener keeps another one from 127.0.0.1."""


def taken(spec: Spec, host: Peer) -> Iterator[str]:
    """Each port that another program has, once: its program, and what needs it. Lines are those of ss or netstat."""
    needed = dict(_needed(spec, host.role))
    for line in host.facts.listening.splitlines():
        words = line.split(None, 6)
        if len(words) < 4:
            continue
        address, _, number = words[3].rpartition(":")
        port = int(number) if re.fullmatch(r"[0-9]{1,5}", number) else 0
        if port in needed and (port not in ports.ON_LOOPBACK or address.strip("[]") in _IN_THE_WAY):
            yield f"port {port} is taken by {_program(line)}, and {needed.pop(port)} needs it"


def _needed(spec: Spec, role: str) -> Iterator[tuple[int, str]]:
    """Without what the inventory gives another address or port."""
    patches = spec.kubeadm
    yield ports.KUBELET, "kubelet"
    if "healthzPort" not in patches.kubelet_configuration:
        yield ports.KUBELET_HEALTH, "kubelet"
    if role == "master":
        yield from ports.CONTROL_PLANE.items()
    if not {"addon", "addon/kube-proxy"} & {*(at(patches.init_configuration, "skipPhases") or ())}:
        for port, key in (
            (ports.PROXY_METRICS, "metricsBindAddress"),
            (ports.PROXY_HEALTH, "healthzBindAddress"),
        ):
            if key not in patches.kube_proxy_configuration:
                yield port, "kube-proxy"
    if spec.plugin == "calico":
        yield ports.CALICO_FELIX, "Calico's Felix"
        if spec.calico.encapsulation != "vxlan":
            yield ports.CALICO_BGP, "Calico's BGP"


def _program(line: str) -> str:
    """`NAME (pid N)`: ss says users:(("NAME",pid=N,fd=3)), netstat N/NAME."""
    if found := _OF_SS.search(line):
        return f"{found[1]} (pid {found[2]})"
    pid, _, name = line.split(None, 6)[-1].partition("/")
    return f"{name.strip()} (pid {pid})" if name and pid.isdecimal() else "a program that ss does not name"

"""Kubernetes' yum repository, in the shape that upstream had for 1.20 on EL7."""

from __future__ import annotations

from pathlib import Path

from . import kubernetes, yum
from .cache import Cache, fingerprint
from .rpm import Rpm
from .tools import versions

PATH = "kubernetes/yum"
REPOSITORY = "repos/kubernetes-el7-x86_64"
KEYS = ("doc/yum-key.gpg", "doc/rpm-package-key.gpg")
PACKAGING = Path(__file__).parent.parent / "packaging"
PLUGINS = Path("/usr/lib/cni")

VERSION = kubernetes.VERSION.removeprefix("v")
NEWER = "1.20.4"
"""In the repository as a trap: whoever does not ask for one exact version gets packages
without programs."""

UNITS = "usr/lib/systemd/system"
RELOAD = "systemctl daemon-reload >/dev/null 2>&1 || :"
STOP = '[ "$1" -ne 0 ] || systemctl disable --now kubelet.service >/dev/null 2>&1 || :'
KUBELET_NEEDS = (
    "iptables >= 1.4.21",
    "kubernetes-cni >= 0.8.7",
    "iproute",
    "socat",
    "util-linux",
    "ebtables",
    "ethtool",
    "conntrack",
)
KUBEADM_NEEDS = (
    "kubelet >= 1.13.0",
    "kubectl >= 1.13.0",
    "kubernetes-cni >= 0.8.7",
    "cri-tools >= 1.13.0",
)


def make(cache: Cache, key: Path, binaries: Path) -> Path:
    """The repository's root, served under PATH."""
    here = Path(__file__)
    product_key = fingerprint(
        here,
        *(here.with_name(name) for name in ("yum.py", "rpm.py", "rpmsigning.py")),
        PACKAGING,
        key.name,
        binaries.name,
        versions("containernetworking-plugins"),
    )

    def fill(out: Path) -> None:
        for name in KEYS:
            yum.put_key(key, out / name)
        with cache.scratch() as work:
            yum.fill(cache, out / REPOSITORY, key, _packages(binaries, work))

    return cache.product("yum-kubernetes", product_key, fill)


def _packages(binaries: Path, work: Path) -> list[yum.Maker]:
    environment = work / "kubelet"
    environment.write_text("KUBELET_EXTRA_ARGS=\n")
    drop_in = work / "10-kubeadm.conf"
    debian = (PACKAGING / drop_in.name).read_text()
    drop_in.write_text(debian.replace("/etc/default/kubelet", "/etc/sysconfig/kubelet"))
    plugins = {f"opt/cni/bin/{p.name}": p for p in sorted(PLUGINS.iterdir())}
    kubelet = {
        "usr/bin/kubelet": binaries / "kubelet",
        f"{UNITS}/kubelet.service": PACKAGING / "kubelet.service",
        "etc/sysconfig/kubelet": environment,
    }
    kubeadm = {
        "usr/bin/kubeadm": binaries / "kubeadm",
        f"{UNITS}/kubelet.service.d/10-kubeadm.conf": drop_in,
    }
    return [
        yum.holding(Rpm("kubernetes-cni", "0.8.7", "0", "CNI plugins"), plugins),
        yum.stating(Rpm("cri-tools", "1.13.0", "0", "A stand-in without crictl")),
        yum.holding(_rpm("kubectl", VERSION), {"usr/bin/kubectl": binaries / "kubectl"}),
        yum.holding(_rpm("kubelet", VERSION), kubelet),
        yum.holding(_rpm("kubeadm", VERSION), kubeadm),
        *(yum.stating(_rpm(name, NEWER)) for name in ("kubectl", "kubelet", "kubeadm")),
    ]


def _rpm(name: str, version: str) -> Rpm:
    needs = {"kubelet": KUBELET_NEEDS, "kubeadm": KUBEADM_NEEDS}
    has_unit = name in needs
    scripts = {"post": RELOAD, "postun": RELOAD} if has_unit else {}
    if name == "kubelet":
        scripts["preun"] = STOP
    summary = f"Kubernetes' {name}" if version == VERSION else f"{name} without its program, a trap"
    return Rpm(name, version, "0", summary, requires=needs.get(name, ()), scripts=scripts)

"""Kubernetes' packages, in the shape of those that upstream published for 1.20."""

from __future__ import annotations

from pathlib import Path

from . import kubernetes, repository
from .cache import Cache, fingerprint, say
from .package import Package, pack
from .tools import versions

PACKAGING = Path(__file__).parent.parent / "packaging"
PLUGINS = Path("/usr/lib/cni")
REVISION = kubernetes.VERSION.removeprefix("v") + "-00"
KUBELET_NEEDS = (
    "iptables (>= 1.4.21), kubernetes-cni (>= 0.8.7), iproute2, socat, util-linux, mount, "
    "ebtables, ethtool, conntrack"
)


def packages(binaries: Path) -> list[Package]:
    """What the Kubernetes repository offers."""
    plugins = {f"opt/cni/bin/{p.name}": p for p in sorted(PLUGINS.iterdir())}
    return [
        Package("kubernetes-cni", "0.8.7-00", "", "CNI plugins", plugins),
        Package("kubectl", REVISION, "", "Kubernetes' command line", _binary(binaries, "kubectl")),
        Package(
            "kubelet",
            REVISION,
            KUBELET_NEEDS,
            "Kubernetes' node agent",
            {
                **_binary(binaries, "kubelet"),
                "lib/systemd/system/kubelet.service": PACKAGING / "kubelet.service",
            },
            {name: PACKAGING / f"kubelet.{name}" for name in ("postinst", "prerm")},
        ),
        Package(
            "kubeadm",
            REVISION,
            "kubelet (>= 1.13.0), kubectl (>= 1.13.0), kubernetes-cni (>= 0.8.7)",
            "Kubernetes' cluster bootstrapper",
            {
                **_binary(binaries, "kubeadm"),
                "etc/systemd/system/kubelet.service.d/10-kubeadm.conf": PACKAGING / "10-kubeadm.conf",
            },
        ),
    ]


def make(cache: Cache, key: Path, binaries: Path) -> Path:
    """The root of the Kubernetes repository."""
    here = Path(__file__)
    product_key = fingerprint(
        here,
        here.with_name("package.py"),
        here.with_name("repository.py"),
        PACKAGING,
        key.name,
        binaries.name,
        versions("containernetworking-plugins"),
    )
    return cache.product("apt-kubernetes", product_key, lambda out: _fill(cache, out, key, binaries))


def _binary(binaries: Path, name: str) -> dict[str, Path]:
    return {f"usr/bin/{name}": binaries / name}


def _fill(cache: Cache, out: Path, key: Path, binaries: Path) -> None:
    pool = out / "pool"
    pool.mkdir()
    for package in packages(binaries):
        say(f"kubernetes/apt: packing {package.name} {package.version}")
        pack(cache, package, pool)
    repository.index(repository.KUBERNETES, out, key)

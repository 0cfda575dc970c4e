"""Kubernetes' packages of a current minor, in the shape and the layout of pkgs.k8s.io."""

from __future__ import annotations

from pathlib import Path

from . import flat, upstream
from .cache import Cache, fingerprint, say
from .package import Package, pack
from .upstream import Release

PACKAGING = Path(__file__).parent.parent / "packaging"
KUBELET_NEEDS = "iptables (>= 1.4.21), kubernetes-cni (>= 1.2.0), util-linux"


def path(release: Release) -> str:
    """Where the minor's packages are below the repository's address."""
    return f"core:/stable:/v{release.minor}/deb"


def make(cache: Cache, key: Path, release: Release, binaries: Path, plugins: Path, crictl: Path) -> Path:
    """The root of the minor's repository."""
    here = Path(__file__)
    names = (binaries.name, plugins.name, crictl.name)
    scripts = (here, here.with_name("flat.py"), here.with_name("package.py"))
    product_key = fingerprint(*scripts, PACKAGING, key.name, *names, release)

    def fill(out: Path) -> None:
        pool = out / "amd64"
        pool.mkdir()
        for package in _packages(release, binaries, plugins, crictl):
            say(f"core:/stable:/v{release.minor}: packing {package.name} {package.version}")
            pack(cache, package, pool)
        flat.index(f"isv:kubernetes:core:stable:v{release.minor}", out, key)

    return cache.product(f"pkgs.k8s.io-{release.minor}", product_key, fill)


def _packages(release: Release, binaries: Path, plugins: Path, crictl: Path) -> list[Package]:
    version = f"{release.version}-1.1"
    units = "usr/lib/systemd/system"
    cni = {f"opt/cni/bin/{plugin.name}": plugin for plugin in sorted(plugins.iterdir())}
    kubelet = {
        "usr/bin/kubelet": binaries / "kubelet",
        f"{units}/kubelet.service": PACKAGING / "kubelet.service",
    }
    kubeadm = {
        "usr/bin/kubeadm": binaries / "kubeadm",
        f"{units}/kubelet.service.d/10-kubeadm.conf": PACKAGING / "10-kubeadm.conf",
    }
    return [
        Package("kubernetes-cni", f"{upstream.CNI_PLUGINS.version}-1.1", "", "CNI plugins", cni),
        Package(
            "cri-tools",
            f"{upstream.CRI_TOOLS.version}-1.1",
            "",
            "crictl",
            {"usr/bin/crictl": crictl / "crictl"},
        ),
        Package(
            "kubectl", version, "", "Kubernetes' command line", {"usr/bin/kubectl": binaries / "kubectl"}
        ),
        Package("kubelet", version, KUBELET_NEEDS, "Kubernetes' node agent", kubelet),
        Package("kubeadm", version, "", "Kubernetes' cluster bootstrapper", kubeadm),
    ]

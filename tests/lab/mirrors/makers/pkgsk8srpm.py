"""Kubernetes' RPM packages of a current minor, in the shape and the layout of pkgs.k8s.io."""

from __future__ import annotations

from pathlib import Path

from . import upstream, yum, yumkubernetes
from .cache import Cache, fingerprint
from .rpm import Rpm
from .upstream import Release

RELEASE = "150500.1.1"
KUBELET_NEEDS = ("iptables >= 1.4.21", "kubernetes-cni >= 1.2.0", "util-linux")
KEY = "repodata/repomd.xml.key"


def path(release: Release) -> str:
    """Where the minor's packages are below the repository's address."""
    return f"core:/stable:/v{release.minor}/rpm"


def make(cache: Cache, key: Path, release: Release, binaries: Path, plugins: Path, crictl: Path) -> Path:
    """The root of the minor's repository."""
    here = Path(__file__)
    names = (binaries.name, plugins.name, crictl.name)
    scripts = (
        here,
        *(here.with_name(f"{name}.py") for name in ("yum", "yumkubernetes", "rpm", "rpmsigning")),
    )
    product_key = fingerprint(*scripts, yumkubernetes.PACKAGING, key.name, *names, release)

    def fill(out: Path) -> None:
        with cache.scratch() as work:
            yum.fill(cache, out, key, _packages(release, (binaries, plugins, crictl), work))
        yum.put_key(key, out / KEY)

    return cache.product(f"pkgs.k8s.io-rpm-{release.minor}", product_key, fill)


def _packages(release: Release, programs: tuple[Path, Path, Path], work: Path) -> list[yum.Maker]:
    binaries, plugins, crictl = programs
    cni = {f"opt/cni/bin/{plugin.name}": plugin for plugin in sorted(plugins.iterdir())}
    kubelet, kubeadm = _with_units(binaries, work)
    cri_tools = Rpm("cri-tools", upstream.CRI_TOOLS.version, RELEASE, "crictl")
    return [
        yum.holding(Rpm("kubernetes-cni", upstream.CNI_PLUGINS.version, RELEASE, "CNI plugins"), cni),
        yum.holding(cri_tools, {"usr/bin/crictl": crictl / "crictl"}),
        yum.holding(_rpm("kubectl", release), {"usr/bin/kubectl": binaries / "kubectl"}),
        yum.holding(_rpm("kubelet", release), kubelet),
        yum.holding(_rpm("kubeadm", release), kubeadm),
    ]


def _with_units(binaries: Path, work: Path) -> tuple[dict[str, Path], dict[str, Path]]:
    """The files of kubelet and of kubeadm, the latter with the unit's drop-in, as on EL."""
    environment, drop_in = work / "kubelet", work / "10-kubeadm.conf"
    environment.write_text("KUBELET_EXTRA_ARGS=\n")
    debian = (yumkubernetes.PACKAGING / drop_in.name).read_text()
    drop_in.write_text(debian.replace("/etc/default/kubelet", "/etc/sysconfig/kubelet"))
    units = yumkubernetes.UNITS
    kubelet = {
        "usr/bin/kubelet": binaries / "kubelet",
        f"{units}/kubelet.service": yumkubernetes.PACKAGING / "kubelet.service",
        "etc/sysconfig/kubelet": environment,
    }
    return kubelet, {
        "usr/bin/kubeadm": binaries / "kubeadm",
        f"{units}/kubelet.service.d/10-kubeadm.conf": drop_in,
    }


def _rpm(name: str, release: Release) -> Rpm:
    """kubeadm depends on nothing, as since 1.32."""
    has_unit = name in ("kubelet", "kubeadm")
    scripts = dict.fromkeys(("post", "postun"), yumkubernetes.RELOAD) if has_unit else {}
    needs = KUBELET_NEEDS if name == "kubelet" else ()
    if name == "kubelet":
        scripts["preun"] = yumkubernetes.STOP
    return Rpm(name, release.version, RELEASE, f"Kubernetes' {name}", requires=needs, scripts=scripts)

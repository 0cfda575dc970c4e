"""Kubernetes' packages, in the shape of those that upstream published for 1.20."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path

from . import kubernetes, repository
from .cache import Cache, fingerprint, say
from .tools import versions

PACKAGING = Path(__file__).parent.parent / "packaging"
PLUGINS = Path("/usr/lib/cni")
REVISION = kubernetes.VERSION.removeprefix("v") + "-00"
KUBELET_NEEDS = (
    "iptables (>= 1.4.21), kubernetes-cni (>= 0.8.7), iproute2, socat, util-linux, mount, "
    "ebtables, ethtool, conntrack"
)


@dataclasses.dataclass(frozen=True)
class Package:
    """One package: its control fields and its files, path inside -> source."""

    name: str
    version: str
    depends: str
    summary: str
    files: dict[str, Path]
    scripts: tuple[str, ...] = ()


def packages(binaries: Path) -> list[Package]:
    """What the Kubernetes repository offers."""
    plugins = {f"opt/cni/bin/{p.name}": p for p in sorted(PLUGINS.iterdir())}
    return [
        Package("kubernetes-cni", "0.8.7-00", "", "CNI plugins", plugins),
        Package("kubectl", REVISION, "", "Kubernetes' command line", _binary(binaries, "kubectl")),
        Package(
            "kubelet", REVISION, KUBELET_NEEDS, "Kubernetes' node agent",
            {
                **_binary(binaries, "kubelet"),
                "lib/systemd/system/kubelet.service": PACKAGING / "kubelet.service",
            },
            ("postinst", "prerm"),
        ),
        Package(
            "kubeadm", REVISION,
            "kubelet (>= 1.13.0), kubectl (>= 1.13.0), kubernetes-cni (>= 0.8.7)",
            "Kubernetes' cluster bootstrapper",
            {
                **_binary(binaries, "kubeadm"),
                "etc/systemd/system/kubelet.service.d/10-kubeadm.conf":
                    PACKAGING / "10-kubeadm.conf",
            },
        ),
    ]


def make(cache: Cache, key: Path, binaries: Path) -> Path:
    """The root of the Kubernetes repository."""
    here = Path(__file__)
    product_key = fingerprint(
        here, here.with_name("repository.py"), PACKAGING, key.name, binaries.name,
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
        with cache.scratch() as tree:
            _lay_out(tree, package)
            name = f"{package.name}_{package.version}_{repository.ARCHITECTURE}.deb"
            command = ["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build"]
            subprocess.run([*command, tree, pool / name], check=True, capture_output=True)
    repository.index(repository.KUBERNETES, out, key)


def _lay_out(tree: Path, package: Package) -> None:
    """Put a package's files and control data into a directory for dpkg-deb."""
    tree.chmod(0o755)
    for inside, source in package.files.items():
        target = tree / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        target.chmod(0o755 if source.stat().st_mode & 0o111 else 0o644)
    control = tree / "DEBIAN"
    control.mkdir()
    fields = {
        "Package": package.name,
        "Version": package.version,
        "Architecture": repository.ARCHITECTURE,
        "Maintainer": "k8sboot lab <mirrors@k8sboot.lab>",
        "Section": "misc",
        "Priority": "optional",
        "Depends": package.depends,
        "Description": f"{package.summary} (built by k8sboot's lab)",
    }
    lines = [f"{name}: {value}\n" for name, value in fields.items() if value]
    (control / "control").write_text("".join(lines))
    for script in package.scripts:
        shutil.copy(PACKAGING / f"{package.name}.{script}", control / script)
        (control / script).chmod(0o755)

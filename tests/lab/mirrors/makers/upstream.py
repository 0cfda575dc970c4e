"""What a lab with a current Kubernetes is made of: every version, and the programs that are built of it.

A version that the Go modules' registry does not have is the nearest that it has; the image has the tag that kubeadm
names all the same, and the label k8sboot.lab/version says what is in it.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from .gomodule import Module

VERSIONS: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent.parent.parent / "releases.json").read_text()
)
"""By minor, for the lab's inventories as well."""

KUBERNETES = "k8s.io/kubernetes/cmd/"
COMMANDS = (
    *("kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler"),
    *("kubeadm", "kubectl", "kubelet"),
)
STAMPED = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
CNI = "github.com/containernetworking/plugins/plugins/"


@dataclasses.dataclass(frozen=True)
class Release:
    """What the kubeadm of a version of Kubernetes names. coredns, etcd, pause: the tags of its images.

    coredns_built, etcd_built: the versions that are built.
    """

    minor: str
    coredns: str
    coredns_built: str
    etcd: str
    etcd_built: str
    pause: str

    @property
    def version(self) -> str:
        """As in 1.37.2."""
        return VERSIONS[self.minor]["version"]

    @property
    def calico(self) -> str:
        """The version that the stand-ins for Calico go by."""
        return VERSIONS[self.minor]["calico"]


RELEASES = {
    release.minor: release
    for release in (
        Release("1.34", "v1.12.1", "1.14.3", "3.6.5-0", "3.6.5", "3.10.1"),
        Release("1.35", "v1.13.1", "1.14.3", "3.6.6-0", "3.6.5", "3.10.1"),
        Release("1.36", "v1.14.2", "1.14.3", "3.6.8-0", "3.6.8", "3.10.2"),
        Release("1.37", "v1.14.6", "1.14.6", "3.7.0-0", "3.7.0", "3.10.2"),
    )
}
"""By minor. Source of the tags: cmd/kubeadm/app/constants/constants.go of each."""

CONTAINERD = Module(
    "containerd",
    "2.4.2",
    {
        name: f"github.com/containerd/containerd/v2/cmd/{name}"
        for name in ("containerd", "containerd-shim-runc-v2", "ctr")
    },
    {"github.com/containerd/containerd/v2/version.Version": "v2.4.2"},
    "no_btrfs,no_devmapper,no_zfs",
)
RUNC = Module(
    "runc",
    "1.5.2",
    {"runc": "github.com/opencontainers/runc"},
    {"main.version": "1.5.2"},
    "seccomp",
    links_c=True,
)
CNI_PLUGINS = Module(
    "cni-plugins",
    "1.10.0",
    {
        path.rpartition("/")[2]: CNI + path
        for path in (
            *("ipam/host-local", "main/bridge", "main/host-device", "main/loopback", "main/ptp"),
            *("meta/bandwidth", "meta/firewall", "meta/portmap"),
        )
    },
    {f"{CNI.removesuffix('plugins/')}pkg/utils/buildversion.BuildVersion": "v1.10.0"},
)
CRI_TOOLS = Module(
    "cri-tools",
    "1.37.0",
    {"crictl": "sigs.k8s.io/cri-tools/cmd/crictl"},
    {"sigs.k8s.io/cri-tools/pkg/version.Version": "v1.37.0"},
)
METRICS_SERVER = Module(
    "metrics-server",
    "0.9.0",
    {"metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server"},
    {f"{package}.gitVersion": "v0.9.0" for package in STAMPED},
)


def kubernetes(release: Release) -> Module:
    """All programs of a version of Kubernetes."""
    major, minor, _ = release.version.split(".")
    values = {
        "gitVersion": f"v{release.version}",
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "gitCommit": "go-module",
    }
    stamp = {f"{package}.{name}": value for package in STAMPED for name, value in values.items()}
    packages = {name: KUBERNETES + name for name in COMMANDS}
    return Module("kubernetes", release.version, packages, stamp)


def coredns(release: Release) -> Module:
    """CoreDNS with the plugins that kubeadm configures: the program is ours, it only names them."""
    return Module("coredns", release.coredns_built, {"coredns": "."})


def etcd(release: Release) -> Module:
    """etcd and its two command lines."""
    module = "go.etcd.io/etcd"
    packages = {
        "etcd": f"{module}/server/v3",
        "etcdctl": f"{module}/etcdctl/v3",
        "etcdutl": f"{module}/etcdutl/v3",
    }
    return Module("etcd", release.etcd_built, packages)

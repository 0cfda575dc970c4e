"""Bare fake hosts of each family of operating systems, as FakeConnection takes them."""

from __future__ import annotations

from typing import Any

from fake_state import FakeUnit
from fake_yum import EL7, index_of
from inventories import VERSION
from keys import FINGERPRINT, KEY

from k8sboot.inventory.os_settings import Repository
from k8sboot.kubernetes.kernel import OPTIONAL_MODULES, REQUIRED_MODULES
from k8sboot.osfamily import rhel_tools
from k8sboot.osfamily.debian import Debian
from k8sboot.osfamily.rhel import Rhel

MIRROR = "http://mirror.example.com"
NAMES = ("docker", "kubernetes", "base", "updates", "extras", "epel")
MIRRORED = {
    name: Repository(f"{MIRROR}/{name}", key=f"{MIRROR}/{name}.asc", fingerprint=FINGERPRINT)
    for name in NAMES
}
KEYS = {f"{MIRROR}/{name}.asc": KEY for name in NAMES}
MODULES = (*REQUIRED_MODULES, *OPTIONAL_MODULES, "ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh")
SWAP = "/dev/sda2 none swap sw 0 0\n"
KUBE = ("kubeadm", "kubelet", "kubectl")

CENTOS_BASE = """\
# CentOS-Base.repo
[base]
name=CentOS-$releasever - Base
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os&infra=$infra
#baseurl=http://mirror.centos.org/centos/$releasever/os/$basearch/
gpgcheck=1
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7

[centosplus]
name=CentOS-$releasever - Plus
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=centosplus&infra=$infra
gpgcheck=1
enabled=0
"""


def debian() -> dict[str, Any]:
    """A bare Debian 12."""
    return {
        "offered": {
            **dict.fromkeys(("docker-ce", "docker-ce-cli"), ("5:20.10.24~3-0~debian",)),
            **dict.fromkeys(KUBE, (f"{VERSION}-00",)),
            "containerd.io": ("1.6.0-1",),
            "containerd": ("2.2.1~ds1-1", "1.7.24~ds1-6+deb13u1"),
            **dict.fromkeys((*Debian.base_packages, "chrony"), ("1.0-1",)),
        },
        "units": {"ufw.service": FakeUnit("active", "enabled")},
        "web": dict(KEYS),
        "modules": dict.fromkeys((*MODULES, "nf_conntrack"), "available"),
        "files": {"/etc/fstab": SWAP, "/etc/hostname": "debian\n"},
        "facts": {"hostname": "debian"},
    }


def el7() -> dict[str, Any]:
    """A bare CentOS 7.9, with what it ships: repositories that are dead, firewalld, NetworkManager, SELinux."""
    tools = (*rhel_tools.EL7, *Rhel.ntpdate_packages, "chrony")
    return {
        "offered": {
            "docker-ce": ("3:26.1.4-1.el7", "3:20.10.24-3.el7", "3:20.10.23-3.el7"),
            "docker-ce-cli": ("1:26.1.4-1.el7", "1:20.10.24-3.el7"),
            "containerd.io": ("0:1.6.33-3.1.el7", "0:1.6.20-3.1.el7"),
            **dict.fromkeys(KUBE, ("0:1.23.18-0", f"0:{VERSION}-0", "0:1.23.1-0")),
            **{name: ("0:1.0-1.el7",) for name in tools if name != "telnet"},
        },
        "units": {
            "firewalld.service": FakeUnit("active", "enabled"),
            "NetworkManager.service": FakeUnit("active", "enabled"),
        },
        "web": {**KEYS, **index_of(*(f"{MIRROR}/{name}" for name in NAMES))},
        "modules": dict.fromkeys((*MODULES, "nf_conntrack_ipv4"), "available"),
        "files": {
            "/etc/os-release": EL7,
            "/etc/fstab": SWAP,
            "/etc/hostname": "localhost.localdomain\n",
            "/etc/yum.repos.d/CentOS-Base.repo": CENTOS_BASE,
            "/etc/selinux/config": "SELINUX=enforcing\nSELINUXTYPE=targeted\n",
        },
        "facts": {"hostname": "localhost", "kernel": "3.10.0-1160.el7.x86_64", "selinux": "Enforcing"},
    }

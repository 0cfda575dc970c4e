"""Rocky Linux 9's own repositories, BaseOS and AppStream, of Debian's packages as makers/yumcentos.py makes them.

What EL9 has under another name has it here: iptables-nft, which brings ebtables, and dnf's plugin versionlock. There is
no ntpdate. `curl` is offered, and conflicts with the hosts' curl-minimal.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from . import repack, yum, yumcentos, yumplugins
from .cache import Cache, fingerprint
from .pool import Deb, closure, read
from .rpm import Rpm

PATH = "rocky"
BASE_OS, APP_STREAM = "9/BaseOS/x86_64/os", "9/AppStream/x86_64/os"
KEY = "RPM-GPG-KEY-Rocky-9"

OF_BASE_OS = (
    *("bash-completion", "chrony", "curl", "ethtool", "ipset", "iptables", "libseccomp2", "lsof", "lvm2"),
    *("net-tools", "psmisc", "rsync", "thin-provisioning-tools", "unzip"),
)
OF_APP_STREAM = (*("conntrack", "git", "ipvsadm", "jq", "socat", "sysstat", "telnet", "vim", "wget"),)
NFT = tuple(
    f"usr/sbin/{name}{rest}"
    for name in ("iptables", "ip6tables", "ebtables")
    for rest in ("", "-save", "-restore")
)
LOCK = ("versionlock.conf", "versionlock.list")
KERNEL = Rpm("kernel", "5.14.0", "570.49.1.el9_6", "A kernel that only exists as a name")
RELEASE_UPDATE = Rpm(
    "rocky-release",
    "9.6",
    "1.4.el9",
    "An update of what says that this is Rocky Linux",
    provides=("system-release = 9.6", "system-release(releasever) = 9", "redhat-release = 9.6"),
)
SELINUX = Rpm("container-selinux", "2.235.0", "1.el9_6", "A policy stand-in, empty", epoch=4)


def make(cache: Cache, key: Path, utilities: Path) -> Path:
    """The root of both repositories, served under PATH; `utilities` has the apt pool."""
    here = Path(__file__)
    names = ("yum", "yumcentos", "yumplugins", "rpm", "rpmsigning", "repack", "pool", "apt")
    scripts = (here.with_name(f"{name}.py") for name in names)
    product_key = fingerprint(here, *scripts, key.name, utilities.name)
    return cache.product("yum-rocky", product_key, lambda out: _fill(cache, out, key, utilities))


def _fill(cache: Cache, out: Path, key: Path, utilities: Path) -> None:
    yum.put_key(key, out / KEY)
    with cache.scratch() as work:
        debs = {**read(utilities / "pool"), **yumcentos._more(work)}
        system = yumcentos._system(debs)
        base = closure(debs, OF_BASE_OS, system)
        app = closure(debs, OF_APP_STREAM, system | base)
        plugins = debs["dnf-plugins-core"]
        makers = [_of_el9(yumcentos._made(debs, name)) for name in sorted(base)]
        makers += [
            _of_el9(lambda tree: _versionlock(plugins, tree)),
            _of_el9(lambda tree: _utils(plugins, tree)),
        ]
        yum.fill(cache, out / BASE_OS, key, [*makers, *map(yum.stating, (KERNEL, RELEASE_UPDATE))])
        makers = [_of_el9(yumcentos._made(debs, name)) for name in sorted(app)]
        yum.fill(cache, out / APP_STREAM, key, [*makers, yum.stating(SELINUX)])


def _of_el9(make: Callable[[Path], Rpm]) -> yum.Maker:
    """The maker of a package for CentOS 7, for EL9: its release says so, and iptables is the one of nftables."""

    def made(tree: Path) -> Rpm:
        rpm = make(tree)
        changed = _iptables_nft(rpm, tree) if rpm.name == "iptables" else rpm
        return dataclasses.replace(changed, release=rpm.release.replace(".el7", ".el9"))

    return made


def _iptables_nft(rpm: Rpm, tree: Path) -> Rpm:
    for path in NFT:
        (tree / path).unlink(missing_ok=True)
        (tree / path).symlink_to("xtables-nft-multi")
    provides = ("iptables", f"iptables = {rpm.version}", "ebtables")
    return dataclasses.replace(rpm, name="iptables-nft", provides=provides)


def _versionlock(plugins: Deb, tree: Path) -> Rpm:
    whole, own = tree / "whole", tree / "own"
    repack.unpack(plugins, whole)
    modules = (f"{yumplugins.MODULES}/dnf-plugins/versionlock.py", f"{yumplugins.MODULES}/dnfpluginscore")
    yumplugins._keep(whole, own, *modules, *(f"etc/dnf/plugins/{name}" for name in LOCK))
    return yumplugins._rpm(plugins, "python3-dnf-plugin-versionlock", own)


def _utils(plugins: Deb, tree: Path) -> Rpm:
    rpm = yumplugins._utils(plugins, tree)
    (tree / "own/usr/bin" / yumplugins.FINISH.name).unlink()  # dnf needs none
    return rpm

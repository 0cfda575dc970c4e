"""CentOS 7.9's own repositories (base, updates, extras) and EPEL, of Debian's packages.

`telnet` is left out on purpose: a runbook's list has to live with a name that does not exist.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

from . import apt, repack, yum, yumplugins
from .cache import Cache, fingerprint, say
from .pool import Deb, closure, read
from .rpm import Rpm

VAULT = "centos-vault"
RELEASE = f"{VAULT}/7.9.2009"
EPEL = "epel"
FILES = Path(__file__).parent.parent / "yumfiles"

BASE = (
    "bash-completion",
    "chrony",
    "conntrack",
    "curl",
    "ebtables",
    "ethtool",
    "git",
    "ipset",
    "iptables",
    "ipvsadm",
    "libseccomp2",
    "lsof",
    "lvm2",
    "net-tools",
    "ntpsec-ntpdate",
    "psmisc",
    "rsync",
    "socat",
    "sysstat",
    "thin-provisioning-tools",
    "unzip",
    "vim",
    "wget",
)
BEYOND_THE_POOL = (
    "bash-completion",
    "dnf-plugins-core",
    "libbsd0",
    "libboost-iostreams1.74.0",
    "ntpsec-ntpdate",
    "ntpsec-ntpdig",
    "python3-ntp",
    "thin-provisioning-tools",
)
FOR_EPEL = ("jq",)
OF_THE_SYSTEM = (
    "ca-certificates",
    "gnupg",
    "iproute2",
    "kmod",
    "libcurl3-gnutls",
    "libcurl4",
    "libgnutls30",
    "libstdc++6",
    "libwrap0",
    "netbase",
    "openssl",
    "perl",
    "procps",
    "python3",
    "tzdata",
)
"""What every host of the family has: packages it needs are not made again."""

FOR_SCRIPTS_ONLY = frozenset({"adduser", "debconf", "init-system-helpers", "lsb-base", "ucf"})
"""What only Debian's maintainer scripts need, and those are left out."""

KERNEL = Rpm("kernel", "3.10.0", "1160.119.1.el7", "A kernel that only exists as a name")
RELEASE_UPDATE = Rpm(
    "centos-release",
    "7",
    "9.2009.1.el7.centos",
    "An update of what says that this is CentOS",
    provides=("system-release = 7", "system-release(releasever) = 7", "redhat-release = 7"),
)
SELINUX = Rpm("container-selinux", "2.119.2", "1.911c772.el7_8", "A policy stand-in, empty", epoch=2)


def make(cache: Cache, key: Path, utilities: Path) -> dict[str, Path]:
    """The repositories' roots by the path they are served under; `utilities` has the apt pool."""
    here = Path(__file__)
    names = ("yum.py", "yumplugins.py", "rpm.py", "rpmsigning.py", "repack.py", "pool.py", "apt.py")
    product_key = fingerprint(
        here, *(here.with_name(name) for name in names), FILES, key.name, utilities.name
    )
    vault = cache.product("yum-centos", product_key, lambda out: _vault(cache, out, key, utilities))
    epel = cache.product("yum-epel", product_key, lambda out: _epel(cache, out, key, utilities))
    return {VAULT: vault, EPEL: epel}


def _vault(cache: Cache, out: Path, key: Path, utilities: Path) -> None:
    release = out / Path(RELEASE).name
    for place in (out, release, release / "os/x86_64"):
        yum.put_key(key, place / "RPM-GPG-KEY-CentOS-7")
    with cache.scratch() as work:
        debs = {**read(utilities / "pool"), **_more(work)}
        names = closure(debs, BASE, _system(debs))
        makers = [_made(debs, name) for name in sorted(names)]
        makers += yumplugins.packages(debs["dnf-plugins-core"])
        yum.fill(cache, release / "os/x86_64", key, makers)
    yum.fill(cache, release / "updates/x86_64", key, map(yum.stating, (KERNEL, RELEASE_UPDATE)))
    epel = Rpm("epel-release", "7", "14", "Where EPEL is, or was")
    shipped = yum.holding(epel, {"etc/yum.repos.d/epel.repo": FILES / "epel.repo"})
    yum.fill(cache, release / "extras/x86_64", key, [yum.stating(SELINUX), shipped])


def _epel(cache: Cache, out: Path, key: Path, utilities: Path) -> None:
    yum.put_key(key, out / "RPM-GPG-KEY-EPEL-7")
    debs = read(utilities / "pool")
    names = closure(debs, FOR_EPEL, _system(debs))
    yum.fill(cache, out / "7/x86_64", key, [_made(debs, name) for name in sorted(names)])


def _more(work: Path) -> dict[str, Deb]:
    """Debian's packages that no Debian host of the lab is offered."""
    say("yum-centos: downloading what the apt mirror does not have")
    client = apt.debian_apt(work / "apt")
    pool = work / "pool"
    pool.mkdir()
    client.run("download", *BEYOND_THE_POOL, cwd=pool)
    return read(pool)


def _system(debs: dict[str, Deb]) -> frozenset[str]:
    always = [name for name, deb in debs.items() if deb.is_base]
    system = closure(debs, [*always, *(name for name in OF_THE_SYSTEM if name in debs)], frozenset())
    return (system | FOR_SCRIPTS_ONLY) - set(BASE)


def _made(debs: dict[str, Deb], name: str) -> yum.Maker:
    deb = debs[name]
    needs = tuple(need for need in deb.needs if not FOR_SCRIPTS_ONLY.intersection(need))
    return functools.partial(repack.rpm, dataclasses.replace(deb, needs=needs), debs)

"""What the machine must offer, said in one line where it does not."""

import os
import shutil
from pathlib import Path

from labkit.errors import LabError
from labkit.process import run
from labkit.progress import say

PROGRAMS = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "ip": "iproute2",
    "nft": "nftables",
    "ssh-keygen": "openssh-client",
    "nsenter": "util-linux",
}


def require_root() -> None:
    if os.geteuid() != 0:
        raise LabError("the lab makes namespaces, mounts and bridges: run it as root (sudo)", 2)


def require_debian() -> None:
    if "ID=debian" not in Path("/etc/os-release").read_text().split():
        raise LabError("the lab runs on Debian 12 or newer: use such a machine or a VM", 2)
    if not Path("/sys/fs/cgroup/pids/cgroup.procs").exists():
        raise LabError(
            "Kubernetes 1.20 needs control groups v1 here: boot the machine with"
            " systemd.unified_cgroup_hierarchy=0",
            2,
        )


def install_packages() -> None:
    """Install what is missing; asks apt for nothing when all is there."""
    missing = sorted(package for program, package in PROGRAMS.items() if not shutil.which(program))
    if not missing:
        return
    say(f"installing {', '.join(missing)}")
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    run("apt-get", "update", "-q")
    run(
        "apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "-q", "--no-install-recommends", *missing
    )


def debian_sources(codename: str) -> list[str]:
    """Debian's own mirrors as this machine's apt knows them, as lines for a sources.list.

    apt itself reads /etc/apt (both formats) and tells which repositories say they are Debian's.
    """
    lines = _debian_targets()
    if not lines:
        run("apt-get", "update", "-q")
        lines = _debian_targets()
    own = own_codename()
    sources: dict[str, None] = {}
    for uri, suite, component in lines:
        if suite.startswith(own) and component == "main":
            suite = codename + suite.removeprefix(own)
            sources[f"deb {uri} {suite} main"] = None
    if not sources:
        raise LabError("apt has no Debian mirror configured: see /etc/apt/sources.list", 2)
    return list(sources)


def _debian_targets() -> list[list[str]]:
    listing = run(
        "apt-get",
        "indextargets",
        "--format",
        "$(REPO_URI) $(RELEASE) $(COMPONENT)",
        "Created-By: Packages",
        "Origin: Debian",
    )
    return [line.split() for line in listing.splitlines() if len(line.split()) == 3]


def own_codename() -> str:
    """Which release of Debian this machine runs."""
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    raise LabError("/etc/os-release names no VERSION_CODENAME", 2)


def apt_proxies() -> list[str]:
    """The machine's apt proxy settings as mmdebstrap takes them."""
    dump = run("apt-config", "dump")
    return [
        line.rstrip(";").replace(' "', "=", 1).rstrip('"')
        for line in dump.splitlines()
        if "proxy" in line.lower() and line.startswith("Acquire::") and '""' not in line
    ]

"""An RPM database that states what a root file system made by dpkg really holds.

Each package of EL_NAMES becomes a small RPM under its CentOS name with its true version and no
files; the rest are stated by one more. All answer to their Debian names too, which is what the
lab's RPMs made of Debian's packages ask for.
"""

import shutil
from pathlib import Path

from labkit.process import run

EL_NAMES = {
    "bash": "bash",
    "ca-certificates": "ca-certificates",
    "coreutils": "coreutils",
    "cron": "cronie",
    "curl": "curl",
    "dbus": "dbus",
    "diffutils": "diffutils",
    "dmsetup": "device-mapper",
    "dnf": "yum",
    "e2fsprogs": "e2fsprogs",
    "file": "file",
    "findutils": "findutils",
    "gnupg": "gnupg2",
    "grep": "grep",
    "gzip": "gzip",
    "hostname": "hostname",
    "iproute2": "iproute",
    "iputils-ping": "iputils",
    "kmod": "kmod",
    "less": "less",
    "libc6": "glibc",
    "libpam-systemd": "systemd-libs",
    "libseccomp2": "libseccomp",
    "libselinux1": "libselinux",
    "logrotate": "logrotate",
    "openssh-client": "openssh-clients",
    "openssh-server": "openssh-server",
    "openssl": "openssl",
    "passwd": "shadow-utils",
    "procps": "procps-ng",
    "rpm": "rpm",
    "sed": "sed",
    "sudo": "sudo",
    "systemd": "systemd",
    "tar": "tar",
    "tzdata": "tzdata",
    "util-linux": "util-linux",
    "vim-tiny": "vim-minimal",
    "xz-utils": "xz",
}

DRESSED = {
    "centos-release": ("7", "9.2009.0.el7.centos"),
    "firewalld": ("0.6.3", "11.el7"),
    "grub2-tools": ("2.02", "0.86.el7.centos"),
    "grubby": ("8.28", "26.el7"),
    "initscripts": ("9.49.53", "1.el7"),
    "kernel": ("3.10.0", "1160.el7"),
    "libselinux-utils": ("2.5", "15.el7"),
    "NetworkManager": ("1.18.8", "1.el7"),
    "selinux-policy-targeted": ("3.13.1", "268.el7"),
}
"""What the dress stands in for: CentOS's own versions, and nothing of the kind inside."""

RELEASE = "system-release = 7, system-release(releasever) = 7, redhat-release = 7"
WORK = "var/tmp/k8sboot-lab-rpms"


def state(root: Path) -> None:
    """Build the RPMs inside the root file system, with its own rpm, and install them."""
    work = root / WORK
    work.mkdir()
    (work / "system.spec").write_text(_spec(_installed(root)))
    macros = ("-D", f"_topdir /{WORK}", "-D", "_binary_payload w.ufdio", "-D", "debug_package %{nil}")
    run("chroot", root, "rpmbuild", "-bb", "--quiet", "--target", "x86_64", *macros, f"/{WORK}/system.spec")
    packages = [path.relative_to(root) for path in sorted(work.glob("RPMS/**/*.rpm"))]
    run("chroot", root, "rpm", "--install", *(f"/{path}" for path in packages))
    shutil.rmtree(work)


def _installed(root: Path) -> dict[str, str]:
    listing = run("chroot", root, "dpkg-query", "-W", "-f", "${Package} ${Version}\n")
    return dict(line.split() for line in listing.splitlines())


def _spec(installed: dict[str, str]) -> str:
    """One main package that is not built, and a subpackage for each that is."""
    parts = ["Name: k8sboot-lab\nVersion: 1\nRelease: 1\nSummary: -\nLicense: -\n%description\n-\n"]
    for debian, name in EL_NAMES.items():
        version, release = _numbers(installed[debian])
        provides = f"{debian}, /bin/sh" if name == "bash" else debian
        parts.append(_package(name, version, release, f"Debian's {debian}, stated", provides))
    for name, (version, release) in DRESSED.items():
        provides = RELEASE if name == "centos-release" else ""
        parts.append(_package(name, version, release, "A stand-in of k8sboot's lab", provides))
    rest = ", ".join(name for name in installed if name not in EL_NAMES)
    parts.append(_package("k8sboot-lab-debian", "12", "1", "All the rest that Debian brings", rest))
    return "".join(parts)


def _package(name: str, version: str, release: str, summary: str, provides: str) -> str:
    tags = (
        f"Version: {version}\nRelease: {release}\nSummary: {summary}\nVendor: k8sboot lab\nAutoReqProv: no\n"
    )
    other = f"Provides: {provides}\n" if provides not in ("", name) else ""
    return f"%package -n {name}\n{tags}{other}%description -n {name}\n{summary}.\n%files -n {name}\n"


def _numbers(version: str) -> tuple[str, str]:
    """RPM's version and release; the same as the mirrors' packages of the same Debian version have."""
    upstream, _, revision = version.rpartition(":")[2].rpartition("-")
    return (upstream or revision).replace("-", "."), f"{revision if upstream else 1}.el7"

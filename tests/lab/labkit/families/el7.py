"""A STAND-IN for CentOS 7.9: Debian 12 with dnf and rpm, dressed by the files in ../dress/el7.

CentOS cannot be had where the lab runs. Real are rpm, its database, dnf (behind a `yum` that
knows yum 3's words only), systemd and everything that runs; dressed are the names, versions and
configuration files, and what the files in ../dress/el7 say of themselves. No dpkg is left.
"""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from labkit import preflight, rpmdb
from labkit.families import debian
from labkit.plan import Host
from labkit.process import run

PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "libpam-systemd", "openssh-server", "openssh-client", "sudo"),
    *("ca-certificates", "cron", "curl", "dnf", "file", "gnupg", "hostname", "iproute2", "iputils-ping"),
    *("kmod", "less", "logrotate", "mount", "netbase", "nftables", "openssl", "procps", "python3-dateutil"),
    *("rpm", "tzdata", "vim-tiny", "xz-utils"),
)
DRESS = Path(__file__).resolve().parents[1] / "dress/el7"
OURS = "usr/libexec/k8sboot-lab"
UNITS = ("lab-kernel-interfaces", "lab-boot", "sshd", "crond", "NetworkManager", "firewalld")

TRACES = (
    *("usr/bin/apt*", "usr/bin/dpkg*", "usr/bin/dnf*", "usr/bin/deb*", "usr/bin/update-alternatives"),
    *("usr/sbin/update-rc.d", "usr/sbin/dpkg*", "usr/lib/apt", "usr/lib/dpkg", "usr/share/dpkg"),
    *("etc/apt", "etc/dpkg", "etc/debian_version", "etc/init.d", "etc/rc?.d", "etc/dnf", "etc/issue*"),
    *("var/lib/apt", "var/lib/dpkg", "var/cache/apt", "usr/share/doc", "usr/share/man"),
    *("etc/os-release", "usr/lib/os-release", "etc/ssh/ssh_host_*", "etc/default/grub"),
)
"""What betrays Debian, or stands where the dress goes."""


def fingerprint() -> str:
    """Changes with everything that goes into the root file system."""
    sources = [Path(__file__), Path(rpmdb.__file__), Path(debian.__file__)]
    digest = hashlib.sha256()
    for path in [*sources, *sorted(debian.FILES.iterdir()), *sorted(DRESS.rglob("*"))]:
        if path.is_symlink():
            digest.update(f"{path.name} -> {path.readlink()}\0".encode())
        elif path.is_file():
            is_program = path.stat().st_mode & 0o100 != 0
            digest.update(f"{path.name} {is_program}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def build(root: Path) -> None:
    """Install Debian's packages, state them in an RPM database, take Debian away, dress the rest."""
    run(
        *("mmdebstrap", "--mode=root", "--format=directory", "--variant=minbase", "--quiet"),
        *(f"--include={','.join(PACKAGES)}", "--dpkgopt=force-unsafe-io"),
        *(f"--aptopt={line}" for line in preflight.apt_proxies()),
        *(debian.CODENAME, root, *preflight.debian_sources(debian.CODENAME)),
    )
    rpmdb.state(root)
    _undress(root)
    _dress(root)
    _fit(root)
    _settle_units(root)


def _undress(root: Path) -> None:
    """Take Debian's own tools and names away; dnf and cron go where CentOS has them, or hides them."""
    (root / OURS).mkdir(parents=True)
    shutil.move(root / "usr/bin/dnf-3", root / OURS / "dnf")
    for debian_name, name in {"cron": "crond", "ssh": "sshd"}.items():
        run("systemctl", "--root", root, "--quiet", "disable", f"{debian_name}.service")
        unit = root / f"usr/lib/systemd/system/{debian_name}.service"
        text = unit.read_text().replace("Alias=sshd.service\n", "")
        unit.with_name(f"{name}.service").write_text(text)
        unit.unlink()
    for pattern in TRACES:
        for path in root.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def _dress(root: Path) -> None:
    """Copy the files of the dress, with the modes they ought to have whatever umask git met."""
    for source in sorted(DRESS.rglob("*")):
        target = root / source.relative_to(DRESS)
        if source.is_dir() and not source.is_symlink():
            target.mkdir(exist_ok=True)
            continue
        target.unlink(missing_ok=True)
        if source.is_symlink():
            target.symlink_to(source.readlink())
        else:
            shutil.copyfile(source, target)
            target.chmod(0o755 if source.stat().st_mode & 0o100 else 0o644)


def _fit(root: Path) -> None:
    """Links and files that depend on others."""
    for name in ("boot/grub2", "etc/NetworkManager/conf.d"):
        (root / name).mkdir()
    for level in "0123456":
        (root / f"etc/rc.d/rc{level}.d").mkdir(parents=True)
        (root / f"etc/rc{level}.d").symlink_to(f"rc.d/rc{level}.d")
    (root / "etc/init.d").symlink_to("rc.d/init.d")
    keys = root / "etc/pki/rpm-gpg"
    keys.mkdir(parents=True)
    (root / "usr/share/keyrings").mkdir(exist_ok=True)
    for name in ("CentOS-7", "EPEL-7"):
        (keys / f"RPM-GPG-KEY-{name}").symlink_to("/usr/share/keyrings/lab.asc")
    shutil.copy(debian.FILES / "runc", root / "usr/bin/runc")
    (root / "usr/bin/runc").chmod(0o755)
    secure_path = "Defaults secure_path = /sbin:/bin:/usr/sbin:/usr/bin\n"
    (root / "etc/sudoers.d/centos").write_text(secure_path)
    (root / "etc/sudoers.d/centos").chmod(0o440)


def _settle_units(root: Path) -> None:
    debian.settle_managers(root)
    shutil.copy(debian.FILES / "lab-kernel-interfaces.service", root / "etc/systemd/system")
    systemctl = ("systemctl", "--root", root, "--quiet")
    run(*systemctl, "enable", *(f"{unit}.service" for unit in UNITS))
    run(*systemctl, "set-default", "multi-user.target")
    run(*systemctl, "mask", "console-getty.service", "getty.target")


def individualise(host: Host, public_keys: Sequence[str]) -> None:
    """Names, identity and login as on the other hosts; then what only this family has."""
    etc = host.root / "etc"
    (etc / "apt").mkdir()
    debian.individualise(host, public_keys)
    shutil.rmtree(etc / "apt")
    own_name = {"debian": "centos7"}.get(host.born_as, host.born_as)
    (etc / "hostname").write_text(f"{own_name}\n")
    (etc / "hosts").write_text(
        "127.0.0.1   localhost localhost.localdomain localhost4 localhost4.localdomain4\n"
        "::1         localhost localhost.localdomain localhost6 localhost6.localdomain6\n"
    )
    (etc / "sysconfig/network-scripts/ifcfg-eth0").write_text(
        "TYPE=Ethernet\nBOOTPROTO=none\nNAME=eth0\nDEVICE=eth0\nONBOOT=yes\nNM_CONTROLLED=yes\n"
        f"IPADDR={host.address}\nPREFIX=24\nGATEWAY={host.gateway}\nDNS1={host.gateway}\n"
    )
    _network_service(host)
    kernel = host.root / f"boot/vmlinuz-{os.uname().release}"
    kernel.write_text("a stand-in: the kernel is that of the machine the lab runs on\n")
    run("chroot", host.root, "/usr/sbin/grub2-mkconfig", "-o", "/boot/grub2/grub.cfg")
    run("chroot", host.root, "/usr/sbin/grub2-set-default", "0")


def _network_service(host: Host) -> None:
    """Enabled on masters; on nodes in turn disabled and absent, as after other installations."""
    service = host.root / "etc/rc.d/init.d/network"
    if host.role == "master":
        run("chroot", host.root, "/usr/sbin/chkconfig", "network", "on")
    elif host.number % 2 == 0:
        service.unlink()

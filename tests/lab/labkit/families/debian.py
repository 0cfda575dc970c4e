"""Debian 12 as its installer leaves it, without python, Docker or a time daemon.

Differences to a real machine, all needed because it shares this machine's kernel: the unit and
the runc stand-in below, no udev, no kernel, no boot loader; the network is there before systemd is.
"""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from labkit import access, preflight
from labkit.plan import Host
from labkit.process import run

CODENAME = "bookworm"

PACKAGES = (
    "systemd",
    "systemd-sysv",
    "dbus",
    "libpam-systemd",
    "openssh-server",
    "sudo",
    "ca-certificates",
    "fdisk",
    "gpgv",
    "iproute2",
    "iputils-ping",
    "kmod",
    "less",
    "logrotate",
    "mount",
    "nano",
    "netbase",
    "nftables",
    "procps",
    "readline-common",
    "sensible-utils",
    "tzdata",
    "vim-tiny",
    "whiptail",
    "apt-utils",
    "debian-archive-keyring",
)

FILES = Path(__file__).resolve().parents[1] / "files"
RUNC = ("usr/sbin/runc", "usr/bin/runc")

PASSWORD = "lab-password"
SUDOERS = {"ops": "ops ALL=(ALL) ALL\n", "admin": "admin ALL=(ALL) NOPASSWD: ALL\n"}
SSHD = {
    "root": "PermitRootLogin prohibit-password\nPasswordAuthentication no\n",
    "ops": "PermitRootLogin no\nPasswordAuthentication yes\n",
    "admin": "PermitRootLogin no\nPasswordAuthentication no\n",
}


def fingerprint() -> str:
    """Changes with this file and the files that go into the root file system."""
    made_from = [Path(__file__), *sorted(FILES.iterdir())]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in made_from)).hexdigest()[:12]


def build(root: Path) -> None:
    """Install the packages, then take away what belongs to one machine only."""
    run(
        "mmdebstrap",
        "--mode=root",
        "--format=directory",
        "--variant=minbase",
        "--quiet",
        f"--include={','.join(PACKAGES)}",
        "--dpkgopt=force-unsafe-io",
        *(f"--aptopt={line}" for line in preflight.apt_proxies()),
        CODENAME,
        root,
        *preflight.debian_sources(CODENAME),
    )
    _add_stand_ins(root)
    _settle_units(root)
    for key in root.glob("etc/ssh/ssh_host_*"):
        key.unlink()
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    (root / "etc/apt/apt.conf.d/99mmdebstrap").unlink(missing_ok=True)
    # As the installer writes it: a kubelet of 1.20 refuses to start while swap is on.
    (root / "etc/fstab").write_text(
        "# <file system> <mount point> <type> <options> <dump> <pass>\n/swapfile none swap sw 0 0\n"
    )


def _add_stand_ins(root: Path) -> None:
    """Divert runc to runc.real before any package brings one; in its place goes our stand-in."""
    for path in RUNC:
        run(
            "chroot",
            root,
            "dpkg-divert",
            "--local",
            "--no-rename",
            "--divert",
            f"/{path}.real",
            "--add",
            f"/{path}",
        )
        shutil.copy(FILES / "runc", root / path)
        (root / path).chmod(0o755)
    # Before chrony is installed: its own unit refuses to start where the clock cannot be set.
    chrony = root / "etc/systemd/system/chrony.service.d/lab.conf"
    chrony.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(FILES / "chrony.conf", chrony)
    settle_managers(root)


def settle_managers(root: Path) -> None:
    """Settings of systemd's own programs.

    Nobody tells systemd in a container (control groups v1) that a group has become empty. So a shutdown would sit
    out the default of 90 s for every pod, and a user manager the two minutes of its stop, which begins ten seconds
    after the last logout: every login meanwhile would wait for that.
    """
    for kind, text in {
        "system": "[Manager]\nDefaultTimeoutStopSec=20s\n",
        "logind": "[Login]\nUserStopDelaySec=infinity\n",
        "journald": "[Journal]\nSystemMaxUse=64M\nRuntimeMaxUse=16M\n",
    }.items():
        folder = root / f"etc/systemd/{kind}.conf.d"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "lab.conf").write_text(text)


def _settle_units(root: Path) -> None:
    units = root / "etc/systemd/system"
    shutil.copy(FILES / "lab-kernel-interfaces.service", units)
    systemctl = ("systemctl", "--root", root, "--quiet")
    run(*systemctl, "enable", "lab-kernel-interfaces.service", "ssh.service")
    run(*systemctl, "set-default", "multi-user.target")
    # No console here, and apt at a moment of its own choosing would make tests depend on luck.
    run(*systemctl, "mask", "console-getty.service", "getty.target")
    run(*systemctl, "disable", "apt-daily.timer", "apt-daily-upgrade.timer")


def individualise(host: Host, public_keys: Sequence[str]) -> None:
    """Names, identity, login and mirror of one host."""
    etc = host.root / "etc"
    (etc / "hostname").write_text(f"{host.born_as}\n")
    own_name = "" if host.born_as == "localhost" else f"127.0.1.1\t{host.born_as}\n"
    (etc / "hosts").write_text(
        f"127.0.0.1\tlocalhost\n{own_name}\n"
        "# The following lines are desirable for IPv6 capable hosts\n"
        "::1     localhost ip6-localhost ip6-loopback\n"
        "ff02::1 ip6-allnodes\nff02::2 ip6-allrouters\n"
    )
    (etc / "machine-id").write_text(f"{host.machine_id}\n")
    (etc / "resolv.conf").unlink(missing_ok=True)
    (etc / "resolv.conf").write_text(f"nameserver {host.gateway}\n")
    (etc / "apt/sources.list").write_text(
        f"deb [signed-by=/usr/share/keyrings/lab.asc] http://{host.gateway}:8080/debian {CODENAME} main\n"
    )
    access.give_host_keys(host)
    _add_login(host, public_keys)


def _add_login(host: Host, public_keys: Sequence[str]) -> None:
    etc, login = host.root / "etc", host.login
    (etc / "ssh/sshd_config.d/login.conf").write_text(SSHD[login])
    home = Path("/root")
    if login != "root":
        home = Path("/home") / login
        run("chroot", host.root, "useradd", "--create-home", "--shell", "/bin/bash", login)
        sudoers = etc / "sudoers.d" / login
        sudoers.write_text(SUDOERS[login])
        sudoers.chmod(0o440)
    if login == "ops":
        run("chroot", host.root, "chpasswd", stdin=f"{login}:{PASSWORD}\n")
    ssh = host.root / home.relative_to("/") / ".ssh"
    ssh.mkdir(mode=0o700, exist_ok=True)
    (ssh / "authorized_keys").write_text("".join(public_keys))
    (ssh / "authorized_keys").chmod(0o600)
    run("chroot", host.root, "chown", "-R", f"{login}:", home / ".ssh")

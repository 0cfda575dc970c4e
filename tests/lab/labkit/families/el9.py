"""A STAND-IN for Rocky Linux 9: el7's root file system, with ../dress/el9 over its dress and without what EL9 has not.

dnf is itself, and `yum` a link to it; links are NetworkManager's alone, by keyfiles. See el7.py for the rest.
"""

import hashlib
import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

from labkit import rpmdb_el9
from labkit.families import debian, el7
from labkit.plan import Host
from labkit.process import run

DRESS = Path(__file__).resolve().parents[1] / "dress/el9"
OF_EL7 = (
    *("etc/centos-release", "etc/init.d", "etc/pki/rpm-gpg", "etc/sudoers.d/centos", "etc/dnf", "etc/yum"),
    *("etc/rc.d", "etc/rc?.d", "etc/sysconfig/network-scripts/*", "etc/yum.conf", "etc/yum.repos.d/*"),
    *("usr/bin/yum", "usr/lib/systemd/systemd-sysv-install", "usr/sbin/chkconfig"),
)
"""What EL9 has not, or stands where the dress goes."""

REWORDED = {
    f"{el7.OURS}/grub.py": {
        "CentOS Linux ({release}) 7 (Core)": "Rocky Linux ({release}) 9.6 (Blue Onyx)",
        "/dev/mapper/centos-root": "/dev/mapper/rl-root",
        "linux16": "linux",
        "initrd16": "initrd",
        '.img\\ntitle={entry.title}")\n': '.img\\ntitle=\\"{entry.title}\\"")\n    print(entry_id(entry))\n',
        "\n\ndef grubby(argv):": "\n\ndef entry_id(entry):\n"
        '    machine = Path("/etc/machine-id").read_text().strip()\n'
        """    return f'id="{machine}-{entry.kernel.partition("-")[2]}"'\n"""
        "\n\ndef grubby(argv):",
    },
    "usr/sbin/NetworkManager": {"ifcfg\n# files": "key\n# files", "link up managed": "link up all"},
    "usr/lib/systemd/system/lab-boot.service": {"a CentOS machine": "a machine of EL9"},
}
"""Texts of el7's dress that are others here."""

KEYFILE = """\
[connection]
id=eth0
uuid={uuid}
type=ethernet
interface-name=eth0

[ipv4]
address1={host.address}/24,{host.gateway}
dns={host.gateway};
method=manual

[ipv6]
method=disabled
"""


def fingerprint() -> str:
    """Changes with everything that goes into the root file system."""
    digest = hashlib.sha256(el7.fingerprint().encode())
    for path in [Path(__file__), Path(rpmdb_el9.__file__), *sorted(DRESS.rglob("*"))]:
        content = str(path.readlink()).encode() if path.is_symlink() else b""
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes() + str(path.stat().st_mode & 0o100).encode()
        digest.update(f"{path.name}\0".encode() + content)
    return digest.hexdigest()[:12]


def build(root: Path) -> None:
    """Make el7's, then change what differs."""
    el7.build(root)
    for pattern in OF_EL7:
        for path in root.glob(pattern):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    shutil.move(root / el7.OURS / "dnf", root / "usr/bin/dnf-3")
    _dress(root)
    for name, changes in REWORDED.items():
        _reword(root / name, changes)
    _fit(root)
    rpmdb_el9.restate(root)


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


def _reword(path: Path, changes: dict[str, str]) -> None:
    text = path.read_text()
    for old, new in changes.items():
        if old not in text:
            raise ValueError(f"{path.name} of el7's dress has no {old!r}")
        text = text.replace(old, new)
    path.write_text(text)


def _fit(root: Path) -> None:
    """Directories, and files that depend on others."""
    for name in ("etc/NetworkManager/system-connections", "etc/dnf/plugins", "etc/pki/rpm-gpg", "etc/rc.d"):
        (root / name).mkdir(parents=True)
    (root / "etc/pki/rpm-gpg/RPM-GPG-KEY-Rocky-9").symlink_to("/usr/share/keyrings/lab.asc")
    secure_path = "Defaults secure_path = /sbin:/bin:/usr/sbin:/usr/bin\n"
    (root / "etc/sudoers.d/rocky").write_text(secure_path)
    (root / "etc/sudoers.d/rocky").chmod(0o440)


def individualise(host: Host, public_keys: Sequence[str]) -> None:
    """Names, identity and login as on the other hosts; then what only this family has."""
    etc = host.root / "etc"
    (etc / "apt").mkdir()
    debian.individualise(host, public_keys)
    shutil.rmtree(etc / "apt")
    (etc / "hosts").write_text(
        "127.0.0.1   localhost localhost.localdomain localhost4 localhost4.localdomain4\n"
        "::1         localhost localhost.localdomain localhost6 localhost6.localdomain6\n"
    )
    own_name = {"debian": "rocky9"}.get(host.born_as, host.born_as)
    (etc / "hostname").write_text(f"{own_name}\n")
    repositories = etc / "yum.repos.d/rocky.repo"
    repositories.write_text(repositories.read_text().replace("MIRROR", f"http://{host.gateway}:8080"))
    keyfile = etc / "NetworkManager/system-connections/eth0.nmconnection"
    link = uuid.uuid5(uuid.NAMESPACE_DNS, f"eth0.{host.machine}")
    keyfile.write_text(KEYFILE.format(host=host, uuid=link))
    keyfile.chmod(0o600)
    _boot_loader(host)


def _boot_loader(host: Host) -> None:
    """One kernel, with the entry that the boot loader specification asks for."""
    release = os.uname().release
    kernel = host.root / f"boot/vmlinuz-{release}"
    kernel.write_text("a stand-in: the kernel is that of the machine the lab runs on\n")
    run("chroot", host.root, "/usr/sbin/grub2-mkconfig", "-o", "/boot/grub2/grub.cfg")
    run("chroot", host.root, "/usr/sbin/grub2-set-default", "0")
    entries = host.root / "boot/loader/entries"
    entries.mkdir(parents=True)
    (entries / f"{host.machine_id}-{release}.conf").write_text(
        f"title Rocky Linux ({release}) 9.6 (Blue Onyx)\nversion {release}\nlinux /vmlinuz-{release}\n"
        f"initrd /initramfs-{release}.img\noptions root=/dev/mapper/rl-root ro $kernelopts\n"
        "grub_users $grub_users\ngrub_arg --unrestricted\ngrub_class rocky\n"
    )

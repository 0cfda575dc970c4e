"""The users' key pair, the hosts' host keys, known_hosts.

Keys are kept with the lab's state and copied to where users find them: a cleaned checkout does
not lock anybody out of a running lab, and a reset host keeps its host keys.
"""

import shutil
from pathlib import Path

from labkit.plan import STATE, Host, Lab
from labkit.process import run

IDENTITY = "id_ed25519"


def make_keys(lab: Lab) -> None:
    """The users' key pair and every host's host keys, those that are missing."""
    lab.state.mkdir(parents=True, exist_ok=True)
    identity = lab.state / IDENTITY
    if not identity.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"k8sboot {lab.name}", "-f", identity)
    for host in lab.hosts:
        if not _host_keys(host):
            (host.directory / "keys/etc/ssh").mkdir(parents=True, exist_ok=True)
            run("ssh-keygen", "-A", "-f", host.directory / "keys")


def public_keys(lab_name: str) -> list[str]:
    return [(STATE / lab_name / f"{IDENTITY}.pub").read_text()]


def _host_keys(host: Host) -> list[Path]:
    return sorted((host.directory / "keys/etc/ssh").glob("ssh_host_*"))


def give_host_keys(host: Host) -> None:
    for key in _host_keys(host):
        shutil.copy(key, host.root / "etc/ssh" / key.name)


def hand_out(lab: Lab) -> None:
    """Copy the key pair beside the inventory and write known_hosts with the real host keys."""
    lab.handout.mkdir(parents=True, exist_ok=True)
    for name in (IDENTITY, f"{IDENTITY}.pub"):
        shutil.copy(lab.state / name, lab.handout / name)
    lines = [
        f"{host.address} {' '.join(key.read_text().split()[:2])}\n"
        for host in lab.hosts
        for key in _host_keys(host)
        if key.suffix == ".pub"
    ]
    (lab.handout / "known_hosts").write_text("".join(lines))

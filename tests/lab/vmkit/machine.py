"""A machine's power button, and the way in as root."""

import os
import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from labkit import access, cgroups, locks, network
from labkit import machine as machines
from labkit.errors import as_told
from labkit.families.debian import PASSWORD
from labkit.plan import STATE, Host
from labkit.process import run

from vmkit import disk, qemu

BOOT_TIMEOUT = 300.0


def start(host: Host) -> bool:
    """Switch the machine on; whether it was off."""
    with locks.held(f"{host.lab}.{host.name}", remove=True):
        if machines.is_on(host):
            return False
        key = STATE / host.lab / "lab.asc"
        disk.make(host, access.public_keys(host.lab), key.read_bytes() if key.exists() else None)
        _plug_in(host)
        _launch(host)
    return True


def _plug_in(host: Host) -> None:
    network.unplug(host)
    run("ip", "tuntap", "add", "dev", host.cable, "mode", "tap")
    run("ip", "link", "set", host.cable, "master", f"kb{host.subnet}")
    if not network.is_cut(host):
        run("ip", "link", "set", host.cable, "up")


def _launch(host: Host) -> None:
    """qemu outlives the command that starts it; it is known by its control group."""
    command = qemu.command(
        host.directory / "disk.img", host.directory / "console.log", cpus=qemu.CPUS[host.role]
    )
    machine = ["-name", host.machine, "-smbios", f"type=1,uuid={_uuid(host)}"]
    with (host.directory / "qemu.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, *qemu.cable(host.cable, host.mac), *machine],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=lambda: cgroups.enter(host.cgroup, shares=qemu.SHARES[host.role]),
        )
    try:
        process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        return
    raise as_told(f"{host.name} did not start", host.directory / "qemu.log")


def _uuid(host: Host) -> str:
    digits = host.machine_id
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def kill(host: Host) -> None:
    """Pull the plug; the disk stays."""
    machines.kill(host)


def reset(host: Host) -> None:
    """Back to the bare machine of before, with its address and its ssh host keys."""
    with locks.held(f"{host.lab}.{host.name}", remove=True):
        kill(host)
        disk.wipe(host)
    start(host)


def wait(host: Host) -> None:
    machines.wait_for_sshd(host, BOOT_TIMEOUT)


def become(host: Host, command: Sequence[str]) -> None:
    """Replace this process by a root shell, or a command, inside the machine."""
    identity = STATE / host.lab / access.IDENTITY
    ssh = ["ssh", "-i", str(identity), *_options(host), f"{host.login}@{host.address}"]
    inside = shlex.join(command) if command else "exec bash --login"
    if host.login != "root":
        # sudo's password is the only thing on stdin: the command reads from nowhere.
        inside = f"sudo -S -p '' -- sh -c {shlex.quote(inside + ' < /dev/null')}"
        done = subprocess.run([*ssh, inside], input=f"{PASSWORD}\n", text=True)
        raise SystemExit(done.returncode)
    os.execvp("ssh", [*ssh, *([inside] if command else ["-t", inside])])


def _options(host: Host) -> list[str]:
    known = Path(STATE / host.lab / "hosts" / host.name / "known_hosts")
    lines = (key.read_text() for key in (host.directory / "keys/etc/ssh").glob("ssh_host_*.pub"))
    known.write_text("".join(f"{host.address} {' '.join(line.split()[:2])}\n" for line in lines))
    settings = ("BatchMode=yes", f"UserKnownHostsFile={known}", "ConnectTimeout=10", "LogLevel=ERROR")
    return ["-F", "none", *(word for setting in settings for word in ("-o", setting))]

"""A host's power button."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from labkit import access, cgroups, disk, locks, network
from labkit.errors import LabError, as_told
from labkit.plan import Host


def is_on(host: Host) -> bool:
    return bool(cgroups.processes(host.cgroup))


def start(host: Host) -> bool:
    """Switch the host on; whether it was off."""
    with locks.held(f"{host.lab}.{host.name}", remove=True):
        if is_on(host):
            return False
        disk.attach(host, access.public_keys(host.lab))
        key = Path(host.directory.parents[1] / "lab.asc")
        if key.exists():
            disk.install_mirror_key(host, key.read_bytes())
        _launch(host)
    return True


def _console(host: Host) -> Path:
    return host.directory / "console.log"


def _launch(host: Host) -> None:
    """Start the keeper in a session of its own, so that it outlives the command that starts it."""
    package = Path(__file__).resolve().parents[1]
    with _console(host).open("ab") as console:
        keeper = subprocess.Popen(
            [sys.executable, "-B", "-m", "labkit.keeper", host.lab, host.name],
            cwd=package,
            start_new_session=True,
            env={"PATH": os.environ.get("PATH", "")},
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
        )
    while not is_on(host):
        if keeper.poll() is not None:
            raise as_told(f"{host.name} did not start", _console(host))
        time.sleep(0.02)


def kill(host: Host) -> bool:
    """Pull the plug: no process of the host lives on; the disk stays. Whether it was on."""
    was_on = is_on(host)
    if not cgroups.kill(host.cgroup):
        left = sorted(cgroups.processes(host.cgroup))
        raise LabError(f"{host.name}: processes {left} cannot be killed")
    network.unplug(host)
    cgroups.remove(host.cgroup)
    return was_on


def reset(host: Host) -> None:
    """Back to the bare machine of before, with its address and its ssh host keys."""
    with locks.held(f"{host.lab}.{host.name}", remove=True):
        kill(host)
        disk.wipe(host)
    network.mend(host)
    start(host)


def wait_for_sshd(host: Host, seconds: float = 60.0) -> None:
    """Until an ssh server introduces itself. An open port alone may be a socket of systemd's."""
    deadline = time.monotonic() + seconds
    while not answers(host):
        if time.monotonic() > deadline:
            raise as_told(f"{host.name} has no sshd after {seconds:.0f} s", _console(host))
        if not is_on(host):
            raise as_told(f"{host.name} went off", _console(host))
        time.sleep(0.1)


def answers(host: Host) -> bool:
    try:
        with socket.create_connection((host.address, 22), timeout=1) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def leader(host: Host) -> int:
    """The process that is number 1 inside."""
    depth = len(_nested_pids(os.getpid())) + 1
    for pid in cgroups.processes(host.cgroup):
        nested = _nested_pids(pid)
        if len(nested) == depth and nested[-1] == "1":
            return pid
    raise LabError(f"{host.name} is off: `lab start {host.name}`", 255)


def _nested_pids(pid: int) -> list[str]:
    """A process's number in each process namespace it is in, the outermost first."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return line.split()[1:]
    except OSError:
        pass
    return []

"""What each command does, in the order it happens."""

import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from labkit import (
    access,
    kernel,
    leftovers,
    locks,
    mirrors,
    network,
    plan,
    preflight,
    timeserver,
)
from labkit import machine as machines
from labkit.plan import Host, Lab
from labkit.process import run
from labkit.progress import say

from vmkit import disk, emulator, inventory, kernels, machine

PROGRAMS = {
    "sfdisk": "fdisk",
    "mkfs.ext4": "e2fsprogs",
    "ssh": "openssh-client",
}


def up(name: str, kubernetes: str | None) -> None:
    """Start what is missing, wait for every sshd, write the inventory."""
    preflight.require_debian()
    preflight.install_packages()
    _install_programs()
    emulator.install()
    with locks.held(name):
        lab = plan.settle(name, 2, 1, "debian", kubernetes)
        access.make_keys(lab)
        access.hand_out(lab)
        disk.ready()
        mirrors.build(lab)
        network.raise_bridge(lab)
        timeserver.start(lab)
        mirrors.serve(lab)
        (lab.state / "lab.asc").write_bytes(mirrors.fetch(lab, "lab.asc"))
        kernels.serve(lab)
        _each(lab.hosts, _start_one)
        path = inventory.write(lab)
    say(f"lab {name} is up: {path}")


def _install_programs() -> None:
    missing = sorted(package for program, package in PROGRAMS.items() if not shutil.which(program))
    if missing:
        say(f"installing {', '.join(missing)}")
        run("apt-get", "update", "-q")
        install = (
            "apt-get",
            "-o",
            "DPkg::Lock::Timeout=300",
            "install",
            "-y",
            "-q",
            "--no-install-recommends",
        )
        run("env", "DEBIAN_FRONTEND=noninteractive", *install, *missing)


def _start_one(host: Host) -> None:
    machine.start(host)
    machine.wait(host)
    say(f"{host.name} answers at {host.address} as {host.login}")


def down(name: str) -> None:
    """Remove every trace of the lab; the images in the cache stay."""
    with locks.held(name, remove=True):
        lab = plan.load(name)
        for host in lab.hosts if lab else ():
            machine.kill(host)
            disk.wipe(host)
        leftovers.remove(name)
    say(f"lab {name} is gone")
    if not leftovers.lab_names():
        kernel.restore()
        locks.tidy()


def status(name: str) -> None:
    for host in plan.existing(name).hosts:
        power = "on" if machines.is_on(host) else "off"
        sshd = "answers" if machines.answers(host) else "silent"
        print(f"{host.name}  {host.address}  {host.login}  {power}  {sshd}  {host.directory}/console.log")


def ssh(name: str, host: str, command: list[str]) -> None:
    machine.become(plan.existing(name).host(host), command)


def start(name: str, hosts: list[str]) -> None:
    _each(_chosen(plan.existing(name), hosts), _start_one)


def kill(name: str, hosts: list[str]) -> None:
    _each(_chosen(plan.existing(name), hosts), machine.kill)


def reset(name: str, hosts: list[str]) -> None:
    def one(host: Host) -> None:
        machine.reset(host)
        machine.wait(host)

    _each(_chosen(plan.existing(name), hosts), one)


def _chosen(lab: Lab, names: list[str]) -> list[Host]:
    return [lab.host(name) for name in names]


def _each(hosts: Iterable[Host], act: Callable[[Host], object]) -> None:
    """Side by side; the first failure is raised when all have ended."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        for future in [pool.submit(act, host) for host in hosts]:
            future.result()

"""What each command does, in the order it happens."""

import json
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from labkit import (
    access,
    disk,
    inventory,
    kernel,
    leftovers,
    locks,
    machine,
    mirrors,
    network,
    plan,
    preflight,
    rootfs,
    rootshell,
    timeserver,
)
from labkit.plan import Host, Lab
from labkit.progress import say


def up(
    name: str,
    *,
    hosts: int | None,
    masters: int | None,
    family: str,
    kubernetes: str | None,
    plugin: str | None,
    with_mirrors: bool,
) -> None:
    """Start what is missing of the lab, wait for every sshd, write the inventory."""
    preflight.require_debian()
    preflight.install_packages()
    with locks.held(name), ThreadPoolExecutor(max_workers=8) as pool:
        lab = plan.settle(name, hosts, masters, family, kubernetes, plugin)
        built = pool.submit(mirrors.build, lab) if with_mirrors else None
        for needed in {host.family for host in lab.hosts}:
            rootfs.ready(needed)
        access.make_keys(lab)
        access.hand_out(lab)
        kernel.raise_for_guests()
        network.raise_bridge(lab)
        timeserver.start(lab)
        _start(pool, lab.hosts)
        if built is not None:
            _serve(lab, built)
        path = inventory.write(lab, with_mirrors=with_mirrors)
    say(f"lab {name} is up: {path}")


def _serve(lab: Lab, built: Future[None]) -> None:
    """Start the mirrors as soon as they are built, and make the hosts trust their key."""
    built.result()
    mirrors.serve(lab)
    key = mirrors.fetch(lab, "lab.asc")
    (lab.state / "lab.asc").write_bytes(key)
    for host in lab.hosts:
        disk.install_mirror_key(host, key)


def _start(pool: ThreadPoolExecutor, hosts: Iterable[Host]) -> None:
    """Start hosts side by side, each until its sshd answers."""

    def one(host: Host) -> None:
        if machine.start(host):
            machine.wait_for_sshd(host)
            say(f"{host.name} answers at {host.address} as {host.login}")

    _each(pool, one, hosts)


def _each(pool: ThreadPoolExecutor, act: Callable[[Host], object], hosts: Iterable[Host]) -> None:
    """Do it for all hosts before the first failure is raised."""
    futures = [pool.submit(act, host) for host in hosts]
    for error in [future.exception() for future in futures]:
        if error is not None:
            raise error


def down(name: str | None) -> None:
    """Remove one lab, or every lab there is (None)."""
    for each in leftovers.lab_names() if name is None else [name]:
        with locks.held(each, remove=True):
            leftovers.remove(each)
        say(f"lab {each} is gone")
    if not leftovers.lab_names():
        kernel.restore()
        locks.tidy()


def status(name: str, *, as_json: bool) -> None:
    """Each host with what tests need to get at it from outside."""
    lab = plan.existing(name)
    rows = [_describe(host) for host in lab.hosts]
    if as_json:
        print(
            json.dumps(
                {
                    "name": lab.name,
                    "bridge": lab.bridge,
                    "gateway": lab.gateway,
                    "inventory": str(lab.handout / "inventory.yaml"),
                    "hosts": rows,
                },
                indent=1,
            )
        )
        return
    columns = ("name", "address", "login", "power", "cable", "sshd")
    for row in rows:
        row["power"] = "on" if row["on"] else "off"
        row["cable"] = "cut" if row["cut"] else "ok"
        row["sshd"] = "answers" if row["answers"] else "silent"
    print(_line(columns))
    for row in rows:
        print(_line([row[column] for column in columns]))


def _line(cells: Iterable[object]) -> str:
    return "  ".join(str(cell).ljust(12) for cell in cells).rstrip()


def _describe(host: Host) -> dict[str, object]:
    on, cut = machine.is_on(host), network.is_cut(host)
    return {
        "name": host.name,
        "address": host.address,
        "login": host.login,
        "on": on,
        "cut": cut,
        "answers": on and not cut and machine.answers(host),
        "leader": machine.leader(host) if on else None,
        "namespace": host.machine,
        "cable_interface": host.cable,
        "root": str(host.root),
    }


def ssh(name: str, host: str, command: list[str]) -> None:
    """A root shell inside, or one command with its arguments as given and its exit code."""
    rootshell.become(plan.existing(name).host(host), command)


def reset(name: str, hosts: list[str]) -> None:
    _on_hosts(name, hosts, _reset_one)


def _reset_one(host: Host) -> None:
    machine.reset(host)
    machine.wait_for_sshd(host)
    say(f"{host.name} is bare again")


def start(name: str, hosts: list[str]) -> None:
    _on_hosts(name, hosts, _start_one)


def _start_one(host: Host) -> None:
    machine.start(host)
    if not network.is_cut(host):
        machine.wait_for_sshd(host)
    say(f"{host.name} is on")


def kill(name: str, hosts: list[str]) -> None:
    _on_hosts(name, hosts, machine.kill)


def cut(name: str, hosts: list[str]) -> None:
    _on_hosts(name, hosts, network.cut)


def mend(name: str, hosts: list[str]) -> None:
    _on_hosts(name, hosts, network.mend)


def _on_hosts(name: str, hosts: list[str], act: Callable[[Host], object]) -> None:
    lab = plan.existing(name)
    chosen = [lab.host(host) for host in hosts]
    with ThreadPoolExecutor(max_workers=8) as pool:
        _each(pool, act, chosen)

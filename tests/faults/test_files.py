"""Rows 56, 57 and 60: files that others have touched, odd environments, many hosts."""

from __future__ import annotations

import os
import re
import subprocess

import pytest
from faulthosts import FaultyHost
from faultrows import row
from faultruns import Controller
from summaries import changed

HOSTS = "/etc/hosts"
ORIGINAL = "/var/lib/k8sboot/original/etc/hosts"
STEP = ("phase", "hosts")


@row(56, "managed file edited by hand")
def test_edited_file_is_shown_and_the_first_original_is_kept(
    controller: Controller, node: FaultyHost
) -> None:
    original = node.path(HOSTS).read_text()
    controller.run(*STEP)
    wanted = node.path(HOSTS).read_text()
    node.path(HOSTS).write_text(f"{wanted.replace(' k8s-master01', ' edited')}192.0.2.9 mine\n")
    ran = controller.run(*STEP, "-v")
    assert re.search(r"^.*-10\.\S+ edited", ran.stderr, re.MULTILINE), ran.stderr
    assert re.search(r"^.*\+10\.\S+ k8s-master01", ran.stderr, re.MULTILINE)
    assert node.path(HOSTS).read_text() == f"{wanted}192.0.2.9 mine\n"
    assert node.path(ORIGINAL).read_text() == original


@row(56, "target is a link, has a second name, an odd owner")
def test_link_is_followed_a_second_name_keeps_the_old_file_and_the_owner_stays(
    controller: Controller, node: FaultyHost, other: FaultyHost
) -> None:
    node.path(HOSTS).rename(node.path("/etc/hosts.real"))
    node.path(HOSTS).symlink_to("hosts.real")
    other.path("/etc/hosts.twin").hardlink_to(other.path(HOSTS))
    old = other.path(HOSTS).read_text()
    os.chown(other.path(HOSTS), 1234, 1234)
    other.path(HOSTS).chmod(0o640)
    controller.is_well(phase="hosts")

    assert node.path(HOSTS).is_symlink()
    assert "k8s-master01" in node.path("/etc/hosts.real").read_text()
    assert "k8s-master01" in other.path(HOSTS).read_text()
    assert other.path("/etc/hosts.twin").read_text() == old
    state = other.path(HOSTS).stat()
    assert (state.st_uid, state.st_gid, state.st_mode & 0o777) == (1234, 1234, 0o640)
    assert changed(controller.run(*STEP).stderr) == 0


@row(56, "managed file is immutable")
def test_immutable_file_is_named_and_left_whole(controller: Controller, node: FaultyHost) -> None:
    node.sh("mount --bind /etc/hosts /etc/hosts; mount -o remount,bind,ro /etc/hosts")
    node.undo.callback(node.sh, "umount /etc/hosts")
    before = node.path(HOSTS).read_text()
    ran = controller.run(*STEP, expect=1)
    failed = ran.error(node.name)
    assert failed["code"] == "KB-COMMAND"
    assert "/etc/hosts" in failed["what"]
    assert "busy" in failed["detail"]
    ran.went_on("k8s-master01", "k8s-node02", phase="hosts")
    assert node.path(HOSTS).read_text() == before
    assert list(node.path("/etc").glob(".k8sboot*")) == []
    node.heal()
    controller.is_well(phase="hosts")


NOEXEC = "noexec"
ENVIRONMENTS = {
    "plain": (0o022, {}),
    "umask 000": (0o000, {}),
    "umask 077, Turkish, odd zone": (0o077, {"LC_ALL": "tr_TR.UTF-8", "TZ": "Pacific/Chatham"}),
    "TMPDIR noexec, no locale": (0o022, {"LC_ALL": "C", "TMPDIR": NOEXEC}),
}


def altered(host: FaultyHost) -> dict[str, tuple[int, int, bytes]]:
    """What a run has made of the host: each file's mode, owner and content."""
    names = {path for path in host.disk.look() if not path.startswith(("etc/ssh/", "home/", "etc/shadow"))}
    paths = {name: host.root / name for name in names if (host.root / name).is_file()}
    return {name: (p.stat().st_mode, p.stat().st_uid, p.read_bytes()) for name, p in paths.items()}


@row(57, "umask, TMPDIR, locale, time zone")
def test_environment_of_the_controller_makes_no_difference(
    controller: Controller, hosts: dict[str, FaultyHost]
) -> None:
    folder = controller.folder / NOEXEC
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "noexec", "none", str(folder)], check=True)
    hosts["k8s-node01"].undo.callback(subprocess.run, ["umount", str(folder)], check=True)
    made = {}
    for kind, (umask, environ) in ENVIRONMENTS.items():
        at = {key: value.replace(NOEXEC, str(folder)) for key, value in environ.items()}
        run = controller.start("phase", "hosts", "os-prep", environ=at, umask=umask)
        run.end().went_on(*hosts, phase="os-prep")
        made[kind] = {name: altered(host) for name, host in hosts.items()}
        controller.lab.control("reset", *hosts)
    assert all("etc/security/limits.d/90-k8sboot.conf" in files for files in made["plain"].values())
    for kind, found in made.items():
        assert found == made["plain"], kind
    journals = list((controller.state / "k8sboot").rglob("*"))
    assert {path.stat().st_mode & 0o077 for path in journals if not path.is_symlink()} == {0}


@pytest.mark.slow
@row(60, "one worker of a hundred is dead")
def test_one_dead_worker_of_a_hundred(controller: Controller, other: FaultyHost) -> None:
    """The workers are one machine under many addresses, so nothing is altered: a dry run."""
    many_workers(controller, other, 100)
    dead = controller.spec["nodes"][6]
    dead["address"] = f"{other.address.rpartition('.')[0]}.250"
    controller.ssh(dead["name"], connectTimeout=3)
    ran = controller.run("phase", "hosts", "--dry-run", expect=3, within=300)
    ran.blames(dead["name"], "KB-SSH-UNREACHABLE", dead["address"])
    alive = {host["name"] for host in controller.spec["nodes"]} - {dead["name"]}
    assert len(alive) == 99
    ran.went_on("k8s-master01", *alive, phase="hosts")
    assert re.search(r"100 hosts ok, 1 unreachable", ran.stderr), ran.stderr[-2000:]


def many_workers(controller: Controller, other: FaultyHost, count: int) -> None:
    """An inventory of that many workers, all of them on one machine."""
    other.sshd("MaxStartups 300", "MaxSessions 300")
    base = other.address.rpartition(".")[0]
    known = controller.known_hosts.read_text()
    keys = [line.split(maxsplit=1)[1] for line in known.splitlines() if line.startswith(f"{other.address} ")]
    controller.spec["nodes"] = []
    for number in range(count):
        address = f"{base}.{number + 100}"
        other.inside("ip", "address", "add", f"{address}/24", "dev", "eth0")
        other.undo.callback(other.inside, "ip", "address", "delete", f"{address}/24", "dev", "eth0")
        known += "".join(f"{address} {key}\n" for key in keys)
        controller.spec["nodes"].append(
            {"name": f"w{number:03}", "address": address, "ssh": {"user": other.login}}
        )
    controller.known_hosts.write_text(known)


@row(60, "--failed runs the failed host again")
def test_failed_host_alone_is_run_again(controller: Controller, node: FaultyHost) -> None:
    words = ("up", "--yes", "--to", "preflight")
    node.stop_sshd()
    controller.run(*words, expect=3).went_on("k8s-master01", "k8s-node02")
    node.start_sshd()
    ran = controller.run(*words, "--failed")
    assert {e["host"] for e in ran.of("PhaseEnded")} == {node.name}

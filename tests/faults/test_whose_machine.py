"""Rows 64 to 71, 110 and 111: machines that belong to a cluster, known by what it leaves on them, and of which one."""

from __future__ import annotations

from pathlib import Path

import pytest
from faulthosts import FaultyHost
from faultmembers import Maker
from faultrows import row
from faultruns import Controller, Ran
from on_lab import HOSTS

MASTER, NODE, OTHER = HOSTS
COMMANDS = [
    ("plan",),
    ("up", "--yes"),
    ("phase", "hosts"),
    ("reset", "--yes"),
    ("reset", "--yes", "--restore-os"),
]
EVERY_COMMAND = pytest.mark.parametrize(
    "words",
    [
        pytest.param(words, id=" ".join(words), marks=() if "--yes" in words[-1:] else pytest.mark.slow)
        for words in COMMANDS
    ],
)
"""All of them; up and reset also where slow tests are left out."""


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


def ours(controller: Controller, master: FaultyHost) -> dict[str, str]:
    """The values of the inventory's cluster."""
    found = controller.spec["cluster"]
    return {
        "server": found.get("controlPlaneEndpoint") or f"{master.address}:6443",
        "name": found.get("name", "kubernetes"),
        "pods": found.get("podSubnet", "172.16.0.0/16"),
        "services": found.get("serviceSubnet", "10.96.0.0/16"),
    }


def at_home(controller: Controller, master: FaultyHost, maker: Maker, *nodes: FaultyHost) -> None:
    """The master and these nodes are the cluster of the inventory."""
    values = ours(controller, master)
    server = values.pop("server")
    maker.member("ours", MASTER, server).control(master, **values)
    for node in nodes:
        maker.member("ours", node.name, server).settle(node)


def refused(
    controller: Controller, hosts: dict[str, FaultyHost], words: tuple[str, ...], name: str, *said: str
) -> Ran:
    """That host is refused, and nothing is altered on any."""
    before = {each: host.disk.look() for each, host in hosts.items()}
    ran = controller.run(*words, expect=1)
    ran.blames(name, *said)
    assert ran.of("Changing") == ran.of("PhaseEnded") == []
    assert {each: host.disk.differs(before[each]) for each, host in hosts.items()} == dict.fromkeys(
        hosts, set()
    )
    return ran


@EVERY_COMMAND
@row(64, "the first master is a worker of another cluster")
def test_worker_of_another_cluster_as_first_master_is_refused(
    controller: Controller, hosts: dict[str, FaultyHost], maker: Maker, words: tuple[str, ...]
) -> None:
    maker.member("theirs", "worker7", "198.51.100.1:6443").settle(hosts[MASTER])
    refused(
        controller, hosts, words, MASTER, "KB-FOREIGN-CLUSTER", "https://198.51.100.1:6443",
        "k8sboot reset --foreign SHA256:", f"--limit {MASTER}", "nothing was changed",
    )  # fmt: skip


@EVERY_COMMAND
@row(65, "the first master is the master of another cluster")
def test_master_of_another_cluster_as_first_master_is_refused(
    controller: Controller, hosts: dict[str, FaultyHost], maker: Maker, words: tuple[str, ...]
) -> None:
    master = hosts[MASTER]
    values = ours(controller, master) | {"name": "blue", "pods": "10.244.0.0/16"}
    maker.member("theirs", MASTER, values.pop("server")).control(master, **values)
    refused(controller, hosts, words, MASTER, "KB-FOREIGN-CLUSTER", "blue", "10.244.0.0/16", "SHA256:")


@EVERY_COMMAND
@row(66, "two clusters that are both called kubernetes")
def test_of_two_clusters_of_the_same_name_the_foreign_one_is_refused(
    controller: Controller, hosts: dict[str, FaultyHost], maker: Maker, words: tuple[str, ...]
) -> None:
    at_home(controller, hosts[MASTER], maker, hosts[NODE])
    maker.member("theirs", OTHER, ours(controller, hosts[MASTER])["server"]).settle(hosts[OTHER])
    ran = refused(controller, hosts, words, OTHER, "KB-FOREIGN-CLUSTER", f"--limit {OTHER}")
    assert ran.error(OTHER)["why"].count("SHA256:") == 2


@row(66, "a foreign machine beside a dead one")
def test_foreign_machine_is_refused_beside_a_dead_one(
    controller: Controller, hosts: dict[str, FaultyHost], maker: Maker
) -> None:
    maker.member("theirs", "worker7", "198.51.100.1:6443").settle(hosts[OTHER])
    hosts[NODE].stop_sshd()
    before = hosts[MASTER].disk.look()
    ran = controller.run("up", "--yes", expect=1)
    ran.blames(OTHER, "KB-FOREIGN-CLUSTER", "198.51.100.1:6443")
    assert ran.error(NODE)["code"] == "KB-SSH-UNREACHABLE"
    assert ran.of("Changing") == []
    assert hosts[MASTER].disk.differs(before) == set()


@EVERY_COMMAND
@row(67, "a member has another name in the inventory")
def test_member_that_is_renamed_is_refused(
    controller: Controller, hosts: dict[str, FaultyHost], maker: Maker, words: tuple[str, ...]
) -> None:
    server = ours(controller, hosts[MASTER])["server"]
    at_home(controller, hosts[MASTER], maker)
    maker.member("ours", "k8s-old", server).settle(hosts[NODE])
    refused(controller, hosts, words, NODE, "KB-RENAMED", "k8s-old", "k8sboot reset --limit k8s-old")


@EVERY_COMMAND
@row(68, "other networks in the inventory than the cluster has")
def test_what_is_fixed_at_birth_is_refused(
    controller: Controller, hosts: dict[str, FaultyHost], maker: Maker, words: tuple[str, ...]
) -> None:
    at_home(controller, hosts[MASTER], maker, hosts[NODE], hosts[OTHER])
    controller.spec["cluster"] |= {"podSubnet": "10.244.0.0/16", "serviceSubnet": "10.97.0.0/16"}
    refused(
        controller, hosts, words, MASTER, "KB-FIXED-AT-BIRTH", "cluster.podSubnet", "10.244.0.0/16",
        "cluster.serviceSubnet", "10.97.0.0/16",
    )  # fmt: skip


@row(69, "the first master is in no cluster, while others are")
def test_no_second_cluster_is_begun(
    controller: Controller, hosts: dict[str, FaultyHost], maker: Maker
) -> None:
    server = ours(controller, hosts[MASTER])["server"]
    for name in (NODE, OTHER):
        maker.member("ours", name, server).settle(hosts[name])
    for words in COMMANDS[:3]:
        refused(controller, hosts, words, MASTER, "KB-FIRST-MASTER-BARE", NODE, OTHER)


@row(70, "the mark of an unfinished kubeadm, and etcd's data that are older")
def test_what_is_older_than_an_unfinished_kubeadm_stays(
    controller: Controller, hosts: dict[str, FaultyHost]
) -> None:
    master = hosts[MASTER]
    master.write("/var/lib/etcd/member/snap/db", "years")
    master.sh("touch -d '1 hour ago' /var/lib/etcd/member")
    master.write("/var/lib/k8sboot/kubeadm-unfinished", "")
    for words in (("up", "--yes"), ("plan",), ("phase", "kubeadm-init")):
        refused(controller, hosts, words, MASTER, "KB-REMAINS", "/var/lib/etcd/member")


@row(71, "reset --foreign")
def test_reset_of_a_foreign_machine_by_its_fingerprint_resets_no_other(
    controller: Controller, hosts: dict[str, FaultyHost], maker: Maker
) -> None:
    at_home(controller, hosts[MASTER], maker, hosts[NODE])
    maker.member("theirs", "worker7", "198.51.100.1:6443").settle(hosts[OTHER])
    fix = refused(controller, hosts, ("plan",), OTHER, "KB-FOREIGN-CLUSTER").error(OTHER)["fix"]
    identity = fix.partition("--foreign ")[2].split()[0]
    hosts[OTHER].write("/usr/local/bin/kubeadm", "#!/bin/sh\n", mode=0o755)  # a dry run does not call it
    before = {name: hosts[name].disk.look() for name in (MASTER, NODE)}
    none = controller.run("reset", "--yes", "--foreign", "SHA256:" + "0" * 64, expect=1)
    assert none.of("Changing") == []
    ran = controller.run("reset", "--dry-run", "--foreign", identity)
    assert {event["host"] for event in ran.of("Changed")} == {OTHER}
    assert {name: hosts[name].disk.differs(before[name]) for name in before} == dict.fromkeys(before, set())


@EVERY_COMMAND
@row(110, "a machine has k3s")
def test_machine_with_another_distribution_is_refused(
    controller: Controller, hosts: dict[str, FaultyHost], words: tuple[str, ...]
) -> None:
    hosts[NODE].undo.callback(hosts[NODE].sh, "rm -r /var/lib/rancher")
    hosts[NODE].write("/var/lib/rancher/k3s/agent/client-ca.crt", "theirs\n")
    refused(
        controller, hosts, words, NODE,
        "KB-FOREIGN-CLUSTER", "k3s", "/var/lib/rancher/k3s", "k3s-agent-uninstall.sh", "nothing was changed",
    )  # fmt: skip


@row(111, "a reset without kubeadm")
def test_reset_without_kubeadm_is_refused(
    controller: Controller, hosts: dict[str, FaultyHost], maker: Maker
) -> None:
    at_home(controller, hosts[MASTER], maker, hosts[NODE])
    before = {name: host.disk.look() for name, host in hosts.items()}
    ran = controller.run("reset", "--yes", "--limit", NODE, expect=1)
    ran.blames(NODE, "KB-RESET-KUBEADM", "/etc/kubernetes/")
    assert ran.of("Changing") == []
    assert [name for name, host in hosts.items() if host.disk.differs(before[name])] == []

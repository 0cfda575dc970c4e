"""`os.firewall: keep`: packet filters stay as they are, and ports that they close between hosts are an error."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from typing import Any

import pytest
from fake_cluster import FakeCluster
from fake_host import FakeConnection
from fake_systems import debian, el7
from inventories import spec
from runs import run

from k8sboot.desired import open_ports
from k8sboot.errors import DeadlineExceeded
from k8sboot.events import Notice
from k8sboot.inventory.model import MetricsServerSettings, NetworkSettings
from k8sboot.inventory.os_settings import OsSettings
from k8sboot.phases.os_prep import os_prep
from k8sboot.phases.preflight import preflight
from k8sboot.runbook import UP

REFUSED, NO_ROUTE, DROPPED = "1 Connection refused", "1 No route to host", "124 "
REJECT = "unit nftables\nrule inet filter: reject with icmpx admin-prohibited\n"
Tried = dict[str, list[str]]


class Network:
    """What becomes of the hosts' connections. closed: (from, to, port): STATUS WORDS; others are refused."""

    def __init__(self, cluster: FakeCluster, closed: dict[tuple[str, str, int], str] | None = None) -> None:
        self.names = {h.address: h.name for h in cluster.spec.hosts}
        self.closed = closed or {}
        self.tried: Tried = {}
        for host in cluster.hosts.values():
            host.answers["connections"] = self._answer
            host.answers.setdefault("packet-filter", "")

    def _answer(self, host: FakeConnection, words: list[str]) -> str:
        (value,) = re.findall(r"^TARGETS=(.*)$", words[1], re.MULTILINE)
        targets = shlex.split(value)[0].split()
        assert host.name not in self.tried, "one round trip a host"
        self.tried[host.name] = [self._of(target) for target in targets]
        return "".join(f"{target} {self._said(host.name, target)}\n" for target in reversed(targets))

    def _of(self, target: str) -> str:
        address, _, port = target.partition("/")
        return f"{self.names[address]}:{port}"

    def _said(self, source: str, target: str) -> str:
        name, _, port = self._of(target).partition(":")
        return self.closed.get((source, name, int(port)), REFUSED)


def keeping(**settings: Any) -> FakeCluster:
    given = spec(**settings)
    return FakeCluster(replace(given, os=replace(given.os, firewall="keep")))


def notices(events: list[Any], code: str = "KB-PORT-UNCHECKED") -> dict[str, str]:
    return {e.host: e.text for e in events if isinstance(e, Notice) and e.code == code}


@pytest.mark.parametrize(("system", "unit"), [(debian, "ufw.service"), (el7, "firewalld.service")])
@pytest.mark.parametrize("firewall", ["off", "keep"])
def test_a_packet_filter_is_stopped_or_left_alone(system, unit, firewall):
    given = spec(nodes=0, os=OsSettings(firewall=firewall))
    it = FakeCluster(given, m1=system)
    host = it.hosts["m1"]
    host.answers["next-boot"] = "filter nftables.service /etc/nftables.conf"
    told = run(it, [os_prep])
    is_kept = firewall == "keep"
    assert (host.units[unit].active, host.units[unit].enabled) == (
        ("active", "enabled") if is_kept else ("inactive", "disabled")
    )
    assert any(unit in line for line in host.mutations) is not is_kept
    assert bool(notices(told.events, "KB-NEXT-BOOT")) is not is_kept


def test_nothing_is_tried_where_packet_filters_are_turned_off():
    it = FakeCluster(spec())
    network = Network(it)
    run(it, [preflight])
    assert network.tried == {}


def test_each_host_tries_the_ports_that_it_needs_of_the_others_once():
    it = keeping(masters=3, nodes=1)
    network = Network(it)
    assert run(it, [preflight]).errors == {}
    of_node = ["n1:10250", "n1:179"]
    of_masters = [f"{m}:{p}" for m in ("m1", "m2", "m3") for p in (10250, 179, 2379, 2380, 6443)]
    assert network.tried.keys() == {"m1", "m2", "m3", "n1"}
    assert sorted(network.tried["m1"]) == sorted(of_node + [t for t in of_masters if "m1" not in t])
    assert sorted(network.tried["n1"]) == sorted(t for t in of_masters if ":23" not in t)


@pytest.mark.parametrize(
    ("settings", "gone", "new"),
    [
        ({"metrics_server": MetricsServerSettings(enabled=False)}, {"m1:10250", "n2:10250"}, set()),
        ({"network": NetworkSettings(plugin="none")}, {"m1:179", "n2:179"}, set()),
        ({"calico": {"encapsulation": "vxlan"}}, {"m1:179", "n2:179"}, set()),
        ({"calico": {"typha_replicas": 1}}, set(), {"m1:5473", "n2:5473"}),
        (
            {"kubeadm": {"init_configuration": {"localAPIEndpoint": {"bindPort": 443}}}},
            {"m1:6443"},
            {"m1:443"},
        ),
    ],
)
def test_the_ports_follow_the_inventory(settings, gone, new):
    given = keeping().spec
    merged = {
        name: replace(getattr(given, name), **value) if isinstance(value, dict) else value
        for name, value in settings.items()
    }
    it = FakeCluster(replace(given, **merged))
    network = Network(it)
    assert run(it, [preflight]).errors == {}
    usual = {"m1:6443", "m1:10250", "n2:10250", "m1:179", "n2:179"}
    assert set(network.tried["n1"]) == (usual - gone) | new


@pytest.mark.parametrize("is_dry", [False, True])
def test_a_closed_port_is_named_with_its_direction_before_the_host_is_changed(is_dry):
    it = keeping()
    closed = {("m1", "n1", 10250): DROPPED, ("n2", "n1", 10250): DROPPED, ("n2", "n1", 179): NO_ROUTE}
    Network(it, closed)
    told = run(it, [preflight, os_prep], is_dry=is_dry)
    assert it.hosts["n1"].mutations == []
    assert told.errors == {"n1": "KB-PORT-FILTERED"}
    error = told.report.errors["n1"]
    assert error.what == (
        "other hosts cannot reach ports of this one: 179/tcp (Calico's BGP) from n2: no route to host; "
        "10250/tcp (kubelet) from m1, n2: no answer within 5 s"
    )
    assert "`ufw allow proto tcp to any port 179,10250` on n1" in error.fix
    assert "nothing was changed" in error.fix


def test_a_closed_port_of_a_master_ends_the_run_before_anything_is_changed():
    it = keeping()
    Network(it, {("n1", "m1", 6443): NO_ROUTE})
    told = run(it, UP)
    assert told.errors == {"m1": "KB-PORT-FILTERED"}
    assert "6443/tcp (API server) from n1: no route to host" in told.report.errors["m1"].what
    assert all(host.mutations == [] for host in it.hosts.values())


@pytest.mark.parametrize(
    ("said", "is_closed"),
    [
        ("0 ", False),
        (REFUSED, False),
        (NO_ROUTE, True),
        ("1 Network is unreachable", True),
        ("1 Connection timed out", True),
        ("124 ", True),
        ("143 Terminated", True),
        ("127 No such file or directory", False),
        ("garbage", False),
    ],
)
def test_only_what_a_packet_filter_answers_counts_as_closed(said, is_closed):
    it = keeping(nodes=1)
    Network(it, {("m1", "n1", 10250): said})
    assert (run(it, [preflight]).report.errors.keys() == {"n1"}) is is_closed


@pytest.mark.parametrize(
    ("system", "unit", "words"),
    [
        (debian, "", "accept these ports in the packet filter of m1"),
        (
            el7,
            "firewalld.service",
            "`firewall-cmd --permanent --add-port=6443/tcp --add-port=10250/tcp && firewall-cmd --reload` on m1",
        ),
    ],
)
def test_the_fix_is_that_of_the_hosts_own_program(system, unit, words):
    it = FakeCluster(keeping(nodes=1).spec, m1=system)
    if not unit:
        it.hosts["m1"].units["ufw.service"].active = "inactive"
    Network(it, {("n1", "m1", 10250): NO_ROUTE, ("n1", "m1", 6443): NO_ROUTE})
    assert words in run(it, [preflight]).report.errors["m1"].fix


def test_what_a_connection_does_not_show_is_told_where_a_rule_rejects():
    it = keeping()
    it.hosts["n1"].answers["packet-filter"] = REJECT
    Network(it)
    told = run(it, [preflight])
    assert told.errors == {}
    assert notices(told.events) == {
        "n1": "its packet filter stays on (nftables.service), with the rule `inet filter: reject with icmpx "
        "admin-prohibited`; not checked: IP protocol 4 (IPIP) from the other hosts; everything from podSubnet "
        "172.16.0.0/16"
    }


@pytest.mark.parametrize(
    ("rule", "is_alike"),
    [
        ("inet f: tcp dport 6443 reject", True),
        ("inet f: tcp dport 6443 reject with tcp reset", True),
        ("ip f: reject with icmp type port-unreachable", True),
        ("iptables: -A INPUT -j REJECT --reject-with icmp-port-unreachable", True),
        ("iptables: -A INPUT -p tcp -j REJECT --reject-with tcp-reset", True),
        ("iptables: -A INPUT -j REJECT --reject-with icmp-host-prohibited", False),
        ("inet firewalld: reject with icmpx admin-prohibited", False),
        ("iptables: -P INPUT DROP", False),
    ],
)
def test_a_rule_that_answers_like_a_closed_port_is_told(rule, is_alike):
    it = keeping(nodes=1)
    it.hosts["n1"].answers["packet-filter"] = f"rule ip x: drop\nrule {rule}\n"
    network = Network(it)
    text = notices(run(it, [preflight]).events)["n1"]
    assert ("answers like a closed port" in text) is is_alike
    assert (rule in text) is is_alike
    network.tried.clear()
    network.closed = {("m1", "n1", port): "0 " for port in (10250, 179)}
    assert "closed port" not in notices(run(it, [preflight]).events)["n1"], "all ports are open"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"calico": {"encapsulation": "vxlan"}}, "4789/udp (VXLAN) from the other hosts"),
        ({"network": {"plugin": "none"}}, "the ports of your pod network"),
    ],
)
def test_what_is_not_checked_follows_the_pod_network(settings, words):
    given = keeping(nodes=1).spec
    given = replace(given, **{name: replace(getattr(given, name), **v) for name, v in settings.items()})
    it = FakeCluster(given)
    it.hosts["n1"].answers["packet-filter"] = REJECT
    Network(it)
    text = notices(run(it, [preflight]).events)["n1"]
    assert words in text
    assert "IPIP" not in text


def test_a_host_that_cannot_be_asked_blames_no_other():
    it = keeping()
    it.hosts["m1"].answers["packet-filter"] = REJECT
    Network(it)

    def slow(_host: FakeConnection, _words: list[str]) -> str:
        raise DeadlineExceeded("timed out after 40 s", host="n1")

    it.hosts["n1"].answers["connections"] = slow
    told = run(it, [preflight])
    assert told.errors == {}
    assert "TCP ports that a host could not try" in notices(told.events)["m1"]


def test_members_of_a_cluster_are_not_tried_and_nothing_is_told_of_them():
    given = spec()
    it = FakeCluster(given)
    assert run(it, UP).errors == {}
    it.spec = replace(given, os=replace(given.os, firewall="keep"))
    network = Network(it, {("m1", "n1", 10250): DROPPED})
    it.hosts["n1"].answers["packet-filter"] = REJECT
    told = run(it, UP)
    assert (told.errors, told.changes, network.tried, notices(told.events)) == ({}, {}, {}, {})


def test_a_new_host_is_tried_from_members_and_back():
    given = spec()
    it = FakeCluster(given)
    assert run(it, UP).errors == {}
    it.hosts["n2"].files.pop("/etc/kubernetes/kubelet.conf")
    it.spec = replace(given, os=replace(given.os, firewall="keep"))
    network = Network(it)
    run(it, [preflight])
    assert set(network.tried["m1"]) == {"n2:10250", "n2:179"}
    assert set(network.tried["n2"]) == {"m1:6443", "m1:10250", "m1:179", "n1:10250", "n1:179"}


def test_a_host_whose_address_is_unknown_is_left_to_its_own_error():
    it = keeping()
    network = Network(it)
    for host in it.spec.hosts:
        it.hosts[host.name].facts["addresses"] = f"eth0 {host.address}/24"
    node, other = it.spec.nodes
    it.spec = replace(it.spec, nodes=(replace(node, node_address="198.51.100.9"), other))
    told = run(it, [preflight])
    assert told.errors == {"n1": "KB-PREFLIGHT"}
    assert not any(target.startswith("n1") for targets in network.tried.values() for target in targets)


def test_foreign_words_are_cut_and_harmless():
    it = keeping(nodes=1)
    long = "1 " + "no route \x1b[31m" * 100
    Network(it, {("m1", "n1", 10250): long})
    what = run(it, [preflight]).report.errors["n1"].what
    assert "\x1b" not in what
    assert len(what) < 250 + open_ports.SHOWN

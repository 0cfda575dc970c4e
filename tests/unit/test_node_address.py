"""Where a host is reached, and who it is inside: `address` and `nodeAddress`."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from typing import Any

import pytest
import yaml
from fake_cluster import FakeCluster
from inventories import spec
from runs import Told, raise_errors, run

from k8sboot.errors import Unreachable
from k8sboot.events import Notice
from k8sboot.host.node_address import resolved
from k8sboot.inventory.build import with_node_addresses
from k8sboot.inventory.model import Spec
from k8sboot.paths import KUBEADM_CONFIG, MANIFESTS_DIR
from k8sboot.phases.hosts import hosts
from k8sboot.phases.preflight import preflight
from k8sboot.runbook import UP

pytestmark = pytest.mark.usefixtures("clock")

INSIDE = {"m1": "10.0.0.1", "n1": "10.0.0.2", "n2": "10.0.0.3"}
ROUTE = "route-to-first-master"


@pytest.fixture(autouse=True)
def dns(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names, and what this machine resolves them to."""
    known: dict[str, list[str]] = {}

    def look_up(name: str, *_words: Any, **_options: Any) -> list[Any]:
        if name not in known:
            raise socket.gaierror("Name or service not known")
        return [(2, 1, 6, "", (address, 0)) for address in known[name]]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    resolved.cache_clear()
    return known


def behind(wanted: Spec, **keys: dict[str, str]) -> FakeCluster:
    """Hosts with addresses of their own, the inventory's hosts with these keys."""
    changed = [replace(host, **keys.get(host.name, {})) for host in wanted.hosts]
    count = len(wanted.masters)
    first = changed[0].node_address or changed[0].address
    endpoint = replace(wanted.cluster, control_plane_endpoint=f"{first}:6443")
    said = wanted.said - {"cluster.controlPlaneEndpoint"}
    cluster = FakeCluster(
        replace(
            wanted, said=said, cluster=endpoint, masters=tuple(changed[:count]), nodes=tuple(changed[count:])
        )
    )
    for name, connection in cluster.hosts.items():
        connection.facts["addresses"] = f"eth0 {INSIDE[name]}/24 docker0 172.17.0.1/16"
        connection.answers[ROUTE] = f"192.0.2.1 via 10.0.0.254 dev eth0 src {INSIDE[name]} uid 0"
    return cluster


def notices(told: Told) -> dict[str, str]:
    return {e.host: e.text for e in told.events if isinstance(e, Notice) and e.code == "KB-NODE-ADDRESS"}


def test_addresses_that_only_lead_to_the_hosts_stay_outside_of_the_cluster():
    cluster = behind(spec())
    told = raise_errors(run(cluster, UP))
    assert notices(told).keys() == INSIDE.keys()
    assert "10.0.0.1" in notices(told)["m1"]
    assert "192.0.2.1" in notices(told)["m1"]
    for name, host in cluster.hosts.items():
        assert [line for line in host.text("/etc/hosts").splitlines() if line.startswith("10.")] == [
            f"{address} {each}" for each, address in INSIDE.items()
        ]
        assert "192.0.2." not in host.text("/etc/hosts")
        assert f"--node-ip={INSIDE[name]}\n" in host.text("/etc/default/kubelet")
    documents = list(yaml.safe_load_all(cluster.hosts["m1"].text(KUBEADM_CONFIG)))
    assert documents[0]["localAPIEndpoint"]["advertiseAddress"] == "10.0.0.1"
    assert documents[1]["controlPlaneEndpoint"] == "10.0.0.1:6443"
    assert {"10.0.0.1", "192.0.2.1"} <= set(documents[1]["apiServer"]["certSANs"])
    again = raise_errors(run(cluster, UP))
    assert again.changes == {}
    assert notices(again) == {}
    assert [host.runs for host in cluster.hosts.values()][1:] == [["probe"], ["probe"]]


def test_a_name_is_resolved_once_and_its_address_used(dns):
    dns["n1.example.org"] = ["10.9.9.9", "10.0.0.2"]
    cluster = behind(
        spec(), m1={"address": "10.0.0.1"}, n1={"address": "n1.example.org"}, n2={"address": "10.0.0.3"}
    )
    told = raise_errors(run(cluster, UP))
    assert notices(told) == {"n1": "nodeAddress is 10.0.0.2: `address` n1.example.org resolves to it"}
    assert "10.0.0.2 n1\n" in cluster.hosts["m1"].text("/etc/hosts")
    assert "example.org" not in cluster.hosts["m1"].text("/etc/hosts")
    assert "--node-ip=10.0.0.2\n" in cluster.hosts["n1"].text("/etc/default/kubelet")


def test_the_route_is_the_one_to_the_first_masters_own_address():
    cluster = behind(spec(), m1={"node_address": "10.0.0.1"})
    asked = []
    cluster.hosts["n1"].answers[ROUTE] = lambda _host, words: (
        asked.append(words[0]) or "10.0.0.1 src 10.0.0.2"
    )
    raise_errors(run(cluster, [preflight]))
    assert asked == ["ip -o route get 10.0.0.1"]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"node_address": "10.0.0.77"}, "10.0.0.77 is not an address of the host: it has 10.0.0.2"),
        ({"node_address": "192.0.2.2"}, "192.0.2.2 is not an address of the host"),
    ],
)
def test_an_address_that_the_host_does_not_have_is_refused(keys, words):
    cluster = behind(spec(), n1=keys)
    told = run(cluster, UP)
    assert told.errors == {"n1": "KB-PREFLIGHT"}
    assert words in told.report.errors["n1"].what
    assert "nodeAddress" in told.report.errors["n1"].what
    assert cluster.hosts["n1"].mutations == []
    assert "n1" not in cluster.hosts["m1"].text("/etc/hosts")


def test_without_any_way_to_find_it_the_inventory_has_to_say_it():
    cluster = behind(spec())
    cluster.hosts["n1"].answers[ROUTE] = (2, "", "RTNETLINK answers: Network is unreachable")
    told = run(cluster, [preflight])
    assert "does not have `address` 192.0.2.2, it has 10.0.0.2" in told.report.errors["n1"].what


def test_hosts_that_have_the_same_address_behind_nat_are_refused():
    cluster = behind(spec(), m1={"address": "10.0.0.1"})
    for name in ("n1", "n2"):
        cluster.hosts[name].facts["addresses"] = "eth0 10.0.2.15/24"
        cluster.hosts[name].answers[ROUTE] = "10.0.0.1 via 10.0.2.2 dev eth0 src 10.0.2.15"
    told = run(cluster, [preflight])
    assert set(told.errors) == {"n1", "n2"}
    assert "10.0.2.15 is also that of n2: set `nodeAddress`" in told.report.errors["n1"].what


def test_an_address_among_the_pods_is_refused():
    cluster = behind(spec(), n1={"node_address": "172.16.3.4"})
    cluster.hosts["n1"].facts["addresses"] += " eth1 172.16.3.4/24"
    assert "172.16.3.4 is in podSubnet 172.16.0.0/16" in run(cluster, [preflight]).report.errors["n1"].what


def test_of_several_addresses_a_member_keeps_the_one_that_it_has():
    cluster = behind(spec(), n1={"address": "10.0.0.2"})
    raise_errors(run(cluster, UP))
    for host in cluster.hosts.values():
        host.facts["addresses"] += f" eth1 10.7.0.{host.name[1]}/24"
    moved = [replace(host, address=f"10.7.0.{host.name[1]}") for host in cluster.spec.hosts]
    default = replace(cluster.spec.cluster, control_plane_endpoint="10.7.0.1:6443")  # as the loader has it
    cluster.spec = replace(cluster.spec, cluster=default, masters=tuple(moved[:1]), nodes=tuple(moved[1:]))
    again = raise_errors(run(cluster, UP))
    assert set(again.changes) <= {"m1"}, "what kubeadm's configuration says of logins alone"
    assert "--node-ip=10.0.0.2\n" in cluster.hosts["n1"].text("/etc/default/kubelet")


def test_another_address_for_a_member_is_refused_before_anything_changes():
    cluster = behind(spec())
    raise_errors(run(cluster, UP))
    cluster.hosts["n1"].facts["addresses"] += " eth1 10.7.0.2/24"
    cluster.spec = replace(
        cluster.spec, nodes=(replace(cluster.spec.nodes[0], node_address="10.7.0.2"), cluster.spec.nodes[1])
    )
    told = run(cluster, UP, is_dry=True)
    assert told.errors == {"n1": "KB-FIXED-AT-BIRTH"}
    assert (
        "nodeAddress: the cluster has 10.0.0.2, the inventory says 10.7.0.2" in told.report.errors["n1"].why
    )


def test_a_members_address_that_the_host_does_not_have_is_told_and_the_inventory_mends_it():
    cluster = behind(spec())
    raise_errors(run(cluster, UP))
    environment = cluster.hosts["n1"].text("/etc/default/kubelet")
    cluster.hosts["n1"].put("/etc/default/kubelet", environment.replace("10.0.0.2", "192.0.2.2"))
    told = run(cluster, UP)
    assert "--node-ip 192.0.2.2 is not an address of the host" in told.report.errors["n1"].what
    cluster.spec = replace(
        cluster.spec, nodes=(replace(cluster.spec.nodes[0], node_address="10.0.0.2"), cluster.spec.nodes[1])
    )
    raise_errors(run(cluster, UP))
    assert cluster.hosts["n1"].text("/etc/default/kubelet") == environment


def test_a_host_that_is_away_keeps_the_address_that_the_others_know():
    cluster = behind(spec())
    raise_errors(run(cluster, UP))
    told = run(cluster, UP, dead={"n2": Unreachable("no answer", host="n2")})
    assert told.changes == {}
    assert raise_errors(run(cluster, [hosts], limit=["n1"])).changes == {}


def test_a_host_that_was_never_met_is_known_by_the_inventory_alone(dns):
    dns["n2.example.org"] = ["10.0.0.3"]
    cluster = behind(spec(), n1={"address": "somewhere"}, n2={"address": "n2.example.org"})
    raise_errors(run(cluster, [hosts], limit=["m1"]))
    text = cluster.hosts["m1"].text("/etc/hosts")
    assert "10.0.0.3 n2\n" in text
    assert " n1\n" not in text


def test_an_endpoint_that_the_inventory_says_stays():
    said = replace(spec(), said=frozenset({"cluster.controlPlaneEndpoint"}))
    wanted = with_node_addresses(said, {"m1": "10.0.0.1"})
    assert wanted.cluster.control_plane_endpoint == "192.0.2.1:6443"


def test_calico_uses_the_nodes_addresses_on_a_new_cluster_and_what_it_has_on_an_old_one(finished):
    manifest = f"{MANIFESTS_DIR}/calico.yaml"
    master = finished.hosts["m1"]
    text = master.text(manifest)
    (daemon_set,) = (d for d in yaml.safe_load_all(text) if d["kind"] == "DaemonSet")
    env = daemon_set["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "IP_AUTODETECTION_METHOD", "value": "kubernetes-internal-ip"} in env
    old = re.sub(r"\n *- name: IP_AUTODETECTION_METHOD\n *value: kubernetes-internal-ip", "", text)
    assert old != text
    master.put(manifest, old, mode=0o644)
    finished.applied[manifest] = old
    raise_errors(run(finished, UP))
    assert master.text(manifest) == old

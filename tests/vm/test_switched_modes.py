"""The newest Kubernetes on machines with cgroup v2: kube-proxy in each of its modes, one after the other.

Each test goes on from where the one before left off.
"""

from __future__ import annotations

import json
import time

import pytest
from machines import BOTH, MASTER, PROXY_MODE, Machines
from summaries import changed

KUBERNETES = "1.37"
FIRST, LATER = "iptables", ("ipvs", "iptables", "nftables")
"""The mode of the new cluster, and those that it is switched to. iptables and ipvs clean up nothing of each other."""
SERVICE = "/root/service.json"

RULES = {
    "iptables": "iptables-save -t nat | grep -e '^-A KUBE-SERVICES -d'",
    "ipvs": "ipvsadm -Ln",
    "nftables": "nft list chains ip",
}
"""Where each mode has its Services: a command that names none in the others. nft 1.0.6 crashes on their map."""
LEFT = {
    "iptables": "nft list tables | grep kube-proxy; ip -o link show dev kube-ipvs0; cat /proc/net/ip_vs | sed 1,3d;"
    "iptables-save -t filter | grep -e KUBE-IPVS -e KUBE-NODE-PORT",
    "ipvs": "nft list tables | grep kube-proxy; iptables-save -t filter | grep -e KUBE-SERVICES -e EXTERNAL-SERVICES",
    "nftables": "ip -o link show dev kube-ipvs0; cat /proc/net/ip_vs | sed 1,3d;"
    "iptables-save | grep ' -j KUBE-SERVICES'",
}
"""What the other modes would have left behind that has an effect: chains that nothing jumps to have none."""


def make_service(vms: Machines, name: str, app: str) -> tuple[str, int]:
    """A Service of the Pods with that label k8s-app; its address, and its port on every node."""
    ports = [{"port": 80, "targetPort": 8080}]
    spec = {"type": "NodePort", "selector": {"k8s-app": app}, "ports": ports}
    named = {"name": name, "namespace": "kube-system"}
    made = {"apiVersion": "v1", "kind": "Service", "metadata": named, "spec": spec}
    vms.ssh(MASTER, f"cat > {SERVICE} <<'END'\n{json.dumps(made)}\nEND")
    vms.kubectl(f"apply -f {SERVICE}")
    spec = json.loads(vms.kubectl(f"-n kube-system get service {name} -o json"))["spec"]
    return spec["clusterIP"], spec["ports"][0]["nodePort"]


def until(vms: Machines, host: str, script: str, wanted: str) -> None:
    """Wait until that is what a script prints on a machine, or is in it."""
    deadline = time.monotonic() + 300
    while wanted not in (found := vms.ssh(host, script, check=False)):
        assert time.monotonic() < deadline, f"{host}: {script}: no {wanted!r} in {found!r}"
        time.sleep(5)


def address(vms: Machines, host: str) -> str:
    return vms.kubectl(f"get node {host} -o 'jsonpath={{.status.addresses[0].address}}'")


def expect_reached(vms: Machines, ip: str, port: int) -> None:
    """CoreDNS's answer about its health through the Service, from each machine: its address, and each node's port."""
    urls = (f"http://{ip}/health", *(f"http://{address(vms, host)}:{port}/health" for host in BOTH))
    for host in BOTH:
        for url in urls:
            until(vms, host, f"curl -s --max-time 20 {url}", "OK")


def expect_mode(vms: Machines, mode: str) -> None:
    """Every node's kube-proxy says so, a new Service is in that mode's rules alone, and it is reached."""
    for host in BOTH:
        assert vms.ssh(host, PROXY_MODE) == mode, host
    name = f"health-{mode}"
    ip, port = make_service(vms, name, "kube-dns")
    expect_reached(vms, ip, port)
    for host in BOTH:
        for each, script in RULES.items():
            told = vms.ssh(host, script, check=False)
            assert (ip in told or f"/{name}/" in told) == (each == mode), (host, each)
        assert vms.ssh(host, f"({LEFT[mode]}) 2>/dev/null", check=False) == "", host


def test_machines_have_cgroup_v2_and_are_not_excused_from_it(vms: Machines) -> None:
    for host in BOTH:
        assert vms.ssh(host, "stat -f -c %T /sys/fs/cgroup").strip() == "cgroup2fs", host
    assert "allowCgroupV1" not in vms.inventory(mode=FIRST, kernel="").read_text()


def test_up_brings_two_ready_nodes_with_iptables(vms: Machines) -> None:
    vms.run(vms.inventory(mode=FIRST, kernel=""), "up", "--yes")
    assert vms.ready() == set(BOTH)
    nodes = vms.kubectl("get nodes -o 'jsonpath={.items[*].status.nodeInfo}'")
    assert nodes.count('"containerRuntimeVersion":"containerd://2') == len(BOTH), nodes
    assert nodes.count(f'"kubeletVersion":"v{KUBERNETES}.') == len(BOTH), nodes
    expect_mode(vms, FIRST)


def test_second_up_changes_nothing(vms: Machines) -> None:
    assert changed(vms.run(vms.inventory(mode=FIRST, kernel=""), "up", "--yes")) == 0


@pytest.mark.parametrize("mode", LATER)
def test_the_running_cluster_is_switched(vms: Machines, mode: str) -> None:
    """A Service that had no Pods in the former mode is reached in the next: its refusal is not left behind."""
    ip, port = make_service(vms, f"late-{mode}", "nobody")
    until(vms, MASTER, f"curl -s --max-time 20 -o /dev/null -w '%{{exitcode}}' http://{ip}/health", "7")
    inventory = vms.inventory(mode=mode, kernel="")
    vms.run(inventory, "up", "--yes")
    expect_mode(vms, mode)
    assert make_service(vms, f"late-{mode}", "kube-dns") == (ip, port)
    expect_reached(vms, ip, port)
    assert changed(vms.run(inventory, "up", "--yes")) == 0


@pytest.mark.parametrize("mode", LATER[-1:])
def test_it_is_the_same_after_a_reboot(vms: Machines, mode: str) -> None:
    for host in BOTH:
        vms.reboot(host)
    assert changed(vms.run(vms.inventory(mode=mode, kernel=""), "up", "--yes")) == 0
    assert vms.ready() == set(BOTH)
    expect_mode(vms, mode)

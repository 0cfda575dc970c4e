"""The newest kube-proxy alone on a kernel with ip_vs and cgroup v2: its modes, and what they leave of one another.

One machine for all; each test goes on from where the one before left off.
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from small_machine import ADDRESS, GATEWAY, NODE, Api, SmallMachine, booted, build, free_port

from k8sboot.ensure import proxy_mode
from k8sboot.phases.kube_proxy import MODE
from k8sboot.scripts import render

MINOR = "1.37"
API, LATE, NODE_PORT = "10.96.0.1", "10.96.7.7", 31007
IDLE, IDLE_PORT = "10.96.8.8", 31008
REACHED = "HTTP request to an HTTPS server"
"""What the API server says to plain HTTP: it stands for the Pods of every Service here."""
IN_RULES = {
    "iptables": f"iptables-save -t nat | grep -e '-A KUBE-SERVICES -d {API}/32'",
    "ipvs": f"ipvsadm -Ln | grep {API}:443",
    "nftables": f"nft list map ip kube-proxy service-ips 2>/dev/null | grep {API}",
}
"""Where each mode has the Service kubernetes; in the others the command fails."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """An API server with the machine's Node, and a NodePort Service that has no Pods."""
    if os.geteuid() != 0 or not Path("/etc/debian_version").exists():
        pytest.skip("building the machine needs root on Debian")
    build(MINOR)
    made = Api(tmp_path_factory.mktemp("api"), MINOR)
    try:
        made.start()
        made.apply("Node", NODE)
        addresses = {"status": {"addresses": [{"type": "InternalIP", "address": ADDRESS}]}}
        made.kubectl("patch", "node", NODE, "--subresource=status", "-p", json.dumps(addresses))
        port = {"port": 80, "targetPort": made.port, "nodePort": NODE_PORT}
        made.apply("Service", "late", spec={"type": "NodePort", "clusterIP": LATE, "ports": [port]})
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def outside() -> int:
    """The port of this machine that leads to the NodePort."""
    return free_port()


@pytest.fixture(scope="module")
def machine(api: Api, outside: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallMachine]:
    files = {
        "etc/kubeconfig": api.kubeconfig(GATEWAY),
        "mode.sh": MODE.script,
        "etc/hosts": f"127.0.0.1 {NODE}\n",
    }
    for mode in IN_RULES:
        config = {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": mode,
            "hostnameOverride": NODE, "clientConnection": {"kubeconfig": "/etc/kubeconfig"},
            "clusterCIDR": "172.16.0.0/16", "conntrack": {"maxPerCore": 0},
        }  # fmt: skip
        files[f"etc/kube-proxy-{mode}.yaml"] = json.dumps(config)
        if mode != "nftables":
            files[f"left-{mode}.sh"] = proxy_mode.left_reads(mode).questions[0].script
            files[f"undo-{mode}.sh"] = render("undo-proxy", **proxy_mode._NOT_OF[mode])
    with booted(tmp_path_factory.mktemp("machine"), files, MINOR, [(outside, NODE_PORT)]) as made:
        made.sh("mkdir -p /etc/kubernetes && echo > /etc/kubernetes/kubelet.conf")
        yield made


def until(look: Callable[[], object], seconds: float = 180) -> bool:
    """Whether it comes to that in time."""
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            return False
        time.sleep(1)
    return True


def answer_from_outside(port: int) -> str:
    """What the NodePort says to another machine."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            return str(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return str(error.read())
    except OSError:
        return ""


def expect_mode(machine: SmallMachine, mode: str) -> None:
    """k8sboot's question is answered with it, its rules have the Service, and it is reached."""
    assert machine.sh("sh /mode.sh").strip() == mode
    assert until(lambda: REACHED in machine.sh(f"get {API} 443 /", expect=None)), mode
    for each, script in IN_RULES.items():
        assert bool(machine.sh(script, expect=None)) == (each == mode), each


def test_the_machine_has_cgroup_v2_alone(machine: SmallMachine):
    assert machine.sh("stat -f -c %t /sys/fs/cgroup").strip() == "63677270"


def test_iptables_and_a_service_without_pods(machine: SmallMachine):
    machine.sh("proxy iptables")
    expect_mode(machine, "iptables")
    assert until(lambda: str(NODE_PORT) in machine.sh("iptables-save -t filter", expect=None))
    assert machine.sh("sh /left-iptables.sh") == ""


def test_after_iptables_ipvs_rejects_what_had_no_pods_until_the_rules_are_removed(
    api: Api, machine: SmallMachine, outside: int
):
    machine.sh("proxy ipvs")
    api.apply(
        "EndpointSlice",
        "late-1",
        "discovery.k8s.io/v1",
        labels={"kubernetes.io/service-name": "late"},
        addressType="IPv4",
        endpoints=[{"addresses": [GATEWAY], "conditions": {"ready": True}}],
        ports=[{"name": "", "port": api.port}],
    )
    expect_ipvs = f"ipvsadm -Ln -t {ADDRESS}:{NODE_PORT} | grep {GATEWAY}:{api.port}"
    assert until(lambda: machine.sh(expect_ipvs, expect=None))
    assert REACHED not in answer_from_outside(outside), "kube-proxy cleans up by itself now"
    assert "chain KUBE-EXTERNAL-SERVICES" in machine.sh("sh /left-ipvs.sh")
    machine.sh("sh /undo-ipvs.sh")
    assert machine.sh("sh /left-ipvs.sh") == ""
    assert until(lambda: REACHED in answer_from_outside(outside))
    assert "-j KUBE-NODE-PORT" in machine.sh("iptables-save -t filter")
    expect_mode(machine, "ipvs")


def test_after_ipvs_its_interface_and_virtual_servers_are_removed(
    api: Api, machine: SmallMachine, outside: int
):
    ports = [{"port": 80, "nodePort": IDLE_PORT}]
    api.apply("Service", "idle", spec={"type": "NodePort", "clusterIP": IDLE, "ports": ports})
    assert until(lambda: f":{IDLE_PORT} " in machine.sh("ipvsadm -Sn", expect=None))
    machine.sh("proxy iptables")
    machine.sh(f"ipvsadm -A -t {ADDRESS}:80 -s wlc && ipvsadm -a -t {ADDRESS}:80 -r {GATEWAY}:80 -m")
    assert "interface kube-ipvs0" in machine.sh("sh /left-iptables.sh"), "kube-proxy cleans up by itself now"
    machine.sh("sh /undo-iptables.sh")
    assert machine.sh("sh /left-iptables.sh") == ""
    assert "kube-ipvs0" not in machine.sh("ls /sys/class/net")
    assert machine.sh("ipvsadm -Sn | grep -e -A").split() == ["-A", "-t", f"{ADDRESS}:80", "-s", "wlc"]
    expect_mode(machine, "iptables")
    assert until(lambda: REACHED in answer_from_outside(outside))


@pytest.mark.parametrize("mode", ["nftables", "iptables"])
def test_around_nftables_kube_proxy_cleans_up_by_itself(machine: SmallMachine, outside: int, mode: str):
    machine.sh(f"proxy {mode}")
    expect_mode(machine, mode)
    assert until(lambda: REACHED in answer_from_outside(outside))
    assert (
        mode == "nftables"
        or machine.sh("sh /left-iptables.sh; nft list tables | grep kube-proxy", expect=1) == ""
    )

"""Rows 90 to 96: addresses that only lead to a host, settings that lose at the next boot, what stands before ours."""

from __future__ import annotations

import re

import pytest
from faultclusters import LONG, UP
from faulthosts import FaultyHost
from faultrows import row
from faultruns import Controller
from on_lab import HOSTS
from summaries import changed

ELSEWHERE = "203.0.113.9"
"""An address of no host, which ~/.ssh/config leads to one."""
SYSCTL = "/etc/sysctl.d/99-hardening.conf"


def leads(controller: Controller, *hosts: FaultyHost) -> None:
    """The inventory knows these hosts by an address, and then by names, that only ssh_config can reach."""
    lines = []
    for index, host in enumerate(hosts):
        address = f"name{index}.example.org" if index else ELSEWHERE
        controller.host(host.name)["address"] = address
        lines.append(f"Host {address}\n  HostName {host.address}\n")
    path = controller.folder / "ssh_config"
    path.write_text("".join(lines))
    controller.spec["ssh"]["configFile"] = str(path)


def etc_hosts(host: FaultyHost) -> dict[str, str]:
    """The addresses of the cluster's hosts in a host's file."""
    text = host.path("/etc/hosts").read_text()
    return {name: address for address, name in re.findall(r"(?m)^(\S+) (k8s-\S+)$", text)}


@row(90, "an address or a name that only leads to the host")
def test_hosts_have_their_own_addresses_wherever_the_inventory_leads(
    controller: Controller, master: FaultyHost, node: FaultyHost, other: FaultyHost
) -> None:
    leads(controller, node, other)
    planned = controller.run("plan", "--to", "hosts")
    assert f"nodeAddress is {node.address}" in planned.notices(node.name)
    assert ELSEWHERE in planned.notices(node.name)
    assert f"+{other.address} {other.name}" in planned.stdout
    ran = controller.run("phase", "preflight", "hosts")
    ran.went_on(*HOSTS, phase="hosts")
    own = {host.name: host.address for host in (master, node, other)}
    assert [etc_hosts(host) for host in (master, node, other)] == [own] * 3
    assert changed(controller.run("phase", "preflight", "hosts").stderr) == 0


@row(91, "a nodeAddress that the host does not have; two hosts with the same")
def test_node_address_of_nobody_is_refused_before_anything_changes(
    controller: Controller, node: FaultyHost, other: FaultyHost
) -> None:
    node.inside("ip", "address", "add", "10.222.0.1/32", "dev", "eth0")
    node.undo.callback(node.inside, "ip", "address", "delete", "10.222.0.1/32", "dev", "eth0")
    controller.host(node.name)["nodeAddress"] = "10.222.0.2"
    before = node.path("/etc/hosts").read_text()
    ran = controller.run(*UP, "--to", "hosts", expect=1)
    ran.blames(
        node.name, "KB-PREFLIGHT", "10.222.0.2 is not an address of the host", node.address, "10.222.0.1"
    )
    ran.went_on(HOSTS[0], other.name, phase="hosts")
    assert node.path("/etc/hosts").read_text() == before
    controller.host(node.name)["nodeAddress"] = "10.222.0.1"
    controller.is_well()
    other.inside("ip", "address", "add", "10.222.0.1/32", "dev", "eth0")
    other.undo.callback(other.inside, "ip", "address", "delete", "10.222.0.1/32", "dev", "eth0")
    del controller.host(node.name)["nodeAddress"]
    controller.is_well()  # an address beside the one that the inventory names is left alone


@row(92, "a cluster whose login addresses are not the hosts' own")
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_cluster_behind_other_addresses_works_and_keeps_them(
    controller: Controller, master: FaultyHost, node: FaultyHost, other: FaultyHost
) -> None:
    leads(controller, master, node)
    other.inside("ip", "address", "add", "10.222.0.3/32", "dev", "eth0")
    other.undo.callback(other.inside, "ip", "address", "delete", "10.222.0.3/32", "dev", "eth0")
    node.write("/etc/resolv.conf", "nameserver 127.0.0.53\n")
    node.sh(
        f"mkdir -p /run/systemd/resolve; echo nameserver {master.address} > /run/systemd/resolve/resolv.conf"
    )
    node.undo.callback(node.sh, "rm -rf /run/systemd/resolve")
    controller.run(*UP, within=LONG)
    own = {host.name: host.address for host in (master, node, other)}
    assert internal_addresses(controller) == own
    assert f"server: https://{master.address}:6443" in master.path("/etc/kubernetes/admin.conf").read_text()
    assert "--resolv-conf=/run/systemd/resolve/resolv.conf" in node.sh("ps -o args= -C kubelet")
    assert "--resolv-conf" not in other.sh("ps -o args= -C kubelet")
    assert changed(controller.run(*UP, within=LONG).stderr) == 0
    controller.host(other.name)["nodeAddress"] = "10.222.0.3"
    ran = controller.run("plan", expect=1, within=LONG)
    ran.blames(other.name, "KB-FIXED-AT-BIRTH", f"the cluster has {other.address}", "10.222.0.3")
    del controller.host(other.name)["nodeAddress"]
    controller.host(other.name)["address"] = "10.222.0.3"
    other.outside("ip", "route", "add", "10.222.0.3/32", "via", other.address)
    other.undo.callback(other.outside, "ip", "route", "delete", "10.222.0.3/32")
    controller.spec["ssh"]["hostKeyPolicy"] = "accept-new"
    assert changed(controller.run(*UP, within=LONG).stderr) == 0
    assert internal_addresses(controller) == own


def internal_addresses(controller: Controller) -> dict[str, str]:
    path = (
        "{range .items[*]}{.metadata.name} {.status.addresses[?(@.type=='InternalIP')].address}{'\\n'}{end}"
    )
    listed = controller.lab.kubectl("get", "nodes", "-o", f'jsonpath="{path}"')
    return dict(line.split(" ", 1) for line in listed.strip('"\n').splitlines() if " " in line)


@row(93, "a sysctl that another file sets after k8sboot's")
def test_sysctl_that_loses_at_the_next_boot_is_told_with_its_file(
    controller: Controller, node: FaultyHost
) -> None:
    node.write(SYSCTL, "net.ipv4.ip_forward = 0\nnet.ipv4.tcp_keepalive_time = 600\n")
    node.write("/etc/sysctl.d/10-early.conf", "net.ipv4.tcp_keepalive_intvl = 75\n")
    ran = controller.run("phase", "kernel")
    told = [text for text in ran.notices(node.name).splitlines() if "next boot" in text]
    assert len(told) == 1, told
    assert SYSCTL in told[0]
    assert "net.ipv4.ip_forward = 0 (now 1)" in told[0]
    assert "keepalive" not in told[0]
    assert node.sh("cat /proc/sys/net/ipv4/ip_forward").strip() == "1"
    assert SYSCTL in controller.run("plan", "--from", "kernel", "--to", "kernel").notices(node.name)
    program = "/lib/systemd/systemd-sysctl"
    assert node.sh(f"{program}; cat /proc/sys/net/ipv4/ip_forward").strip() == "0", "what a boot would do"
    node.heal()
    ran = controller.run("phase", "kernel")
    assert "next boot" not in ran.notices(node.name)
    assert node.sh(f"{program}; cat /proc/sys/net/ipv4/ip_forward").strip() == "1"


@row(94, "cloud-init that puts host name and /etc/hosts back at boot")
def test_cloud_init_is_told_with_the_lines_that_stop_it(controller: Controller, node: FaultyHost) -> None:
    # A stand-in for cloud-init: only its program's name and its configuration are looked at.
    node.write("/usr/bin/cloud-init", "#!/bin/sh\n", mode=0o755)
    node.write("/etc/cloud/cloud.cfg", "preserve_hostname: false\nmanage_etc_hosts: true\n")
    node.write("/etc/cloud/cloud.cfg.d/99-k8sboot.cfg", "# nothing yet\n")
    node.write("/var/lib/cloud/data/previous-hostname", "ip-10-0-0-2\n")
    for words in (("plan", "--to", "hosts"), ("phase", "hosts")):
        told = controller.run(*words).notices(node.name)
        assert "back to ip-10-0-0-2" in told
        assert "`preserve_hostname: true` to /etc/cloud/cloud.cfg.d/99-k8sboot.cfg" in told
        assert "`manage_etc_hosts: false` to /etc/cloud/cloud.cfg.d/99-k8sboot.cfg" in told
    node.write("/etc/cloud/cloud.cfg.d/99-k8sboot.cfg", "preserve_hostname: true\nmanage_etc_hosts: false\n")
    assert "cloud-init" not in controller.run("phase", "hosts").notices(node.name)


@row(95, "/etc/hosts: a line before k8sboot's, no localhost, the endpoint's name elsewhere")
def test_lines_that_win_are_told_and_a_missing_localhost_is_added(
    controller: Controller, node: FaultyHost, other: FaultyHost
) -> None:
    node.write("/etc/hosts", f"127.0.1.1 {node.name}\n10.9.9.9 {other.name}\n")
    ran = controller.run("phase", "hosts")
    assert f"line 2 of /etc/hosts, which is before k8sboot's, maps {other.name} to 10.9.9.9" in ran.notices(
        node.name
    )
    assert "127.0.0.1" in node.sh("getent -s files ahosts localhost")
    assert changed(controller.run("phase", "hosts").stderr) == 0
    controller.spec.setdefault("cluster", {})["controlPlaneEndpoint"] = f"{HOSTS[0]}:6443"
    node.write("/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {node.name}\n10.9.9.9 {HOSTS[0]}\n")
    ran = controller.run("phase", "hosts", expect=1)
    ran.blames(node.name, "KB-HOSTS-LINE", HOSTS[0], "10.9.9.9", "controlPlaneEndpoint")
    node.write("/etc/hosts", f"127.0.0.1 localhost\n127.0.1.1 {node.name}\n")
    controller.is_well(phase="hosts")


@row(96, "another pod network's configuration; a resolv.conf that names only the host")
def test_other_pod_network_and_a_looping_resolver_are_refused(
    controller: Controller, node: FaultyHost, other: FaultyHost
) -> None:
    node.write("/etc/cni/net.d/05-bridge.conflist", '{"cniVersion": "0.3.1", "name": "b", "plugins": []}\n')
    other.write("/etc/resolv.conf", "nameserver 127.0.0.53\noptions edns0\n")
    ran = controller.run("phase", "preflight", expect=1)
    ran.blames(node.name, "KB-PREFLIGHT", "/etc/cni/net.d/05-bridge.conflist", "nothing was changed")
    ran.blames(other.name, "KB-PREFLIGHT", "names only itself (127.0.0.53)", "resolvConf")
    ran.went_on(HOSTS[0])
    node.heal()
    other.sh(
        f"mkdir -p /run/systemd/resolve; echo nameserver {node.address} > /run/systemd/resolve/resolv.conf"
    )
    other.undo.callback(other.sh, "rm -rf /run/systemd/resolve")
    controller.is_well()

"""Rows 33 to 36, and 122: machines that are not fit, and repositories that give nothing."""

from __future__ import annotations

import pytest
from faulthosts import FaultyHost
from faultrows import row
from faultruns import Controller
from faultservers import saying, silent
from faultward import Ward
from relays import listening
from summaries import changed


@row(33, "same machine-id twice")
def test_cloned_machine_id_is_refused_on_both(
    controller: Controller, node: FaultyHost, other: FaultyHost
) -> None:
    node.write("/etc/machine-id", other.path("/etc/machine-id").read_text())
    ran = controller.run("phase", "preflight", expect=1)
    ran.blames(node.name, "KB-PREFLIGHT", "machine-id", other.name, "nothing was changed")
    ran.blames(other.name, "KB-PREFLIGHT", "machine-id", node.name)
    ran.went_on("k8s-master01")
    node.heal()
    controller.is_well()


@row(33, "same MAC address twice")
def test_cloned_mac_is_refused(controller: Controller, node: FaultyHost, other: FaultyHost) -> None:
    mac = other.inside("cat", "/sys/class/net/eth0/address").strip()
    node.inside("ip", "link", "add", "fault0", "address", mac, "type", "bridge")
    node.undo.callback(node.inside, "ip", "link", "delete", "fault0")
    ran = controller.run("phase", "preflight", expect=1)
    ran.blames(node.name, "KB-PREFLIGHT", "MAC address", mac, other.name)
    ran.blames(other.name, "KB-PREFLIGHT", "MAC address", mac, node.name)
    ran.went_on("k8s-master01")
    node.heal()
    controller.is_well()


@row(33, "same name or address twice in the inventory")
@pytest.mark.parametrize("key", ["name", "address"])
def test_two_of_the_same_in_the_inventory_are_refused(controller: Controller, key: str) -> None:
    first, second = controller.spec["nodes"]
    second[key] = first[key]
    ran = controller.run("phase", "preflight", expect=2)
    assert "KB-DUPLICATE-HOST" in ran.stderr
    assert f"{first[key]} is already used by" in ran.stderr
    assert ran.events == ()


@row(33, "same host name on two machines")
def test_same_host_name_on_two_machines_is_put_right(
    controller: Controller, node: FaultyHost, other: FaultyHost
) -> None:
    for host in (node, other):
        host.sh(
            "echo clone > /proc/sys/kernel/hostname; echo clone > /etc/hostname; echo 127.0.1.1 clone >> /etc/hosts"
        )
    controller.is_well(phase="hosts")
    assert [host.sh("uname -n").strip() for host in (node, other)] == [node.name, other.name]
    assert [host.path("/etc/hostname").read_text().strip() for host in (node, other)] == [
        node.name,
        other.name,
    ]


SWAPS = "Filename\tType\tSize\tUsed\tPriority\n/swapfile file 1048572 0 -2\n"


def swapping(host: FaultyHost, swapoff: str) -> None:
    """The host swaps, as far as /proc tells; swapoff is this script."""
    host.write("/var/tmp/swaps", SWAPS)
    host.sh("mount --bind /var/tmp/swaps /proc/swaps")
    host.undo.callback(host.sh, "umount /proc/swaps 2>/dev/null; true")
    host.write("/usr/local/sbin/swapoff", f"#!/bin/sh\n{swapoff}\n", mode=0o755)


@row(34, "swap is on")
def test_swap_is_turned_off_now_and_at_boot(controller: Controller, node: FaultyHost) -> None:
    swapping(node, "umount /proc/swaps")
    controller.is_well(phase="os-prep")
    lines = [line for line in node.path("/etc/fstab").read_text().splitlines() if " swap " in line]
    assert [line for line in lines if line.startswith("#k8sboot-swap-off# /")]
    assert not [line for line in lines if not line.startswith("#")]
    assert len(node.sh("cat /proc/swaps").splitlines()) == 1
    assert changed(controller.run("phase", "os-prep").stderr) == 0


@row(34, "swap that cannot be turned off")
def test_swap_that_stays_on_is_named(controller: Controller, node: FaultyHost) -> None:
    swapping(node, "exit 0")
    ran = controller.run("phase", "os-prep", expect=1)
    ran.blames(node.name, "KB-NOT-AS-WANTED", "swap", "swap is still on: /swapfile")
    ran.went_on("k8s-master01", "k8s-node02", phase="os-prep")
    node.heal()
    controller.is_well(phase="os-prep")


@row(34, "no br_netfilter")
def test_missing_module_is_named_before_anything_is_altered(controller: Controller, node: FaultyHost) -> None:
    node.sh("mount -t tmpfs none /proc/sys/net/bridge")
    node.undo.callback(node.sh, "umount /proc/sys/net/bridge")
    before = node.disk.look()
    ran = controller.run("phase", "kernel", expect=1)
    ran.blames(node.name, "KB-KERNEL-MODULE", "br_netfilter")
    assert node.disk.differs(before) == set()
    node.heal()
    controller.is_well(phase="kernel")


@row(34, "no ip_vs")
def test_ipvs_without_its_modules_is_refused_everywhere(
    controller: Controller, hosts: dict[str, FaultyHost]
) -> None:
    controller.spec["kubeProxy"]["mode"] = "ipvs"
    before = {name: host.disk.look() for name, host in hosts.items()}
    ran = controller.run("phase", "kernel", expect=1)
    ran.blames("k8s-master01", "KB-KERNEL-MODULE", "ip_vs")
    assert [host.disk.differs(before[name]) for name, host in hosts.items()] == [set()] * len(hosts)
    controller.spec["kubeProxy"]["mode"] = "iptables"
    controller.is_well(phase="kernel")


@row(35, "ports 6443 and 10250 taken")
def test_taken_port_is_named_with_its_process(
    controller: Controller, master: FaultyHost, node: FaultyHost
) -> None:
    for host, port in ((node, 10250), (master, 6443)):
        host.sh(f"/usr/sbin/sshd -p {port} -o PidFile=/run/fault.pid")
        host.undo.callback(host.sh, "kill $(cat /run/fault.pid)")
        ran = controller.run("phase", "preflight", expect=1)
        ran.blames(host.name, "KB-PREFLIGHT", f"port {port} is taken by", "sshd", "nothing was changed")
        assert ran.error(host.name)["what"].count("is taken by") == 1
        host.heal()
    controller.is_well()


FILTER = """table inet fault {
  chain input {
    type filter hook input priority 0; policy accept;
    %s
  }
}
"""


def filtering(host: FaultyHost, rule: str) -> None:
    """A rule of nftables on the host."""
    host.sh(f"nft -f - <<'E'\n{FILTER % rule}E")
    host.undo.callback(host.sh, "nft delete table inet fault")


@row(122, "packet filters close ports that the cluster needs")
def test_ports_that_a_kept_packet_filter_closes_are_named_before_anything_is_changed(
    controller: Controller, hosts: dict[str, FaultyHost], master: FaultyHost, node: FaultyHost
) -> None:
    controller.spec.setdefault("os", {})["firewall"] = "keep"
    for host in hosts.values():  # CentOS's own closes nearly all ports
        host.sh("systemctl stop firewalld 2>/dev/null || true")
    before = {name: host.disk.look() for name, host in hosts.items()}
    filtering(node, "tcp dport 10250 drop")
    for words in (("phase", "preflight"), ("plan",)):
        ran = controller.run(*words, expect=1, within=300)
        ran.blames(node.name, "KB-PORT-FILTERED", "10250/tcp (kubelet) from k8s-master01, k8s-node02", "5 s")
        assert "179/tcp" not in ran.error(node.name)["what"]
        ran.went_on("k8s-master01", "k8s-node02")
    node.heal()
    filtering(master, "tcp dport 6443 reject with icmpx admin-prohibited")
    ran = controller.run("up", "--yes", expect=1, within=300)
    ran.blames(
        master.name, "KB-PORT-FILTERED", "6443/tcp (API server) from k8s-node01, k8s-node02: no route to host"
    )
    assert ran.of("Changing") == []
    assert {name: host.disk.differs(before[name]) for name, host in hosts.items()} == dict.fromkeys(
        hosts, set()
    )
    master.heal()
    filtering(master, "tcp dport 6443 reject with tcp reset")
    ran = controller.run("phase", "preflight", within=300)
    assert "tcp dport 6443 reject with tcp reset" in ran.notices(master.name)
    assert "answers like a closed port" in ran.notices(master.name)
    master.heal()
    controller.is_well()


PACKAGES = ("phase", "os-packages", "--limit", "k8s-node02")


def nothing_comes(controller: Controller, other: FaultyHost, url: str, *words: str) -> None:
    """The key of a repository does not come from that URL; the host is left as it was."""
    controller.spec["os"]["repositories"]["docker"]["key"] = url
    before = other.disk.look()
    ran = controller.run(*PACKAGES, expect=1, within=300)
    ran.blames(other.name, "KB-REPOSITORY", f"cannot fetch {url}", "os.repositories", *words)
    assert other.disk.differs(before) == set()


@row(36, "no DNS")
def test_repository_whose_name_does_not_resolve(controller: Controller, other: FaultyHost) -> None:
    nothing_comes(controller, other, "http://mirror.example/lab.asc", "mirror.example")


@row(36, "key answers 404")
def test_repository_key_that_is_not_there(controller: Controller, ward: Ward, other: FaultyHost) -> None:
    nothing_comes(controller, other, f"http://{ward.gateway}:8080/none.asc", "404")


@pytest.mark.slow
@row(36, "key answers 404, then all is well")
def test_repository_whose_key_comes_later(controller: Controller, ward: Ward, other: FaultyHost) -> None:
    right = controller.spec["os"]["repositories"]["docker"]["key"]
    nothing_comes(controller, other, f"http://{ward.gateway}:8080/none.asc", "404")
    controller.spec["os"]["repositories"]["docker"]["key"] = right
    controller.run(*PACKAGES, within=300).went_on(other.name, phase="os-packages")
    assert changed(controller.run(*PACKAGES).stderr) == 0


@row(36, "index answers 404")
def test_repository_without_an_index(controller: Controller, ward: Ward, other: FaultyHost) -> None:
    url = f"http://{ward.gateway}:8080/nowhere"
    controller.spec["os"]["repositories"]["docker"]["url"] = url
    ran = controller.run(*PACKAGES, expect=1, within=300)
    ran.blames(other.name, "KB-REPOSITORY-404", f"does not have {url}", "404")


@pytest.mark.slow
@row(36, "repository that stalls")
def test_repository_that_stalls_is_bounded(controller: Controller, ward: Ward, other: FaultyHost) -> None:
    with listening(ward.gateway, silent) as listener:
        nothing_comes(
            controller, other, f"http://{ward.gateway}:{listener.port}/lab.asc", "connection failed"
        )
        assert listener.accepted <= 6


@row(36, "proxy answers 407")
def test_proxy_that_wants_a_password_is_named(controller: Controller, ward: Ward, other: FaultyHost) -> None:
    answer = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with listening(ward.gateway, saying(answer)) as listener:
        other.write(
            "/etc/apt/apt.conf.d/99fault", f'Acquire::http::Proxy "http://{ward.gateway}:{listener.port}";\n'
        )
        nothing_comes(controller, other, "http://mirror.example/lab.asc", "407")
        assert listener.accepted <= 6

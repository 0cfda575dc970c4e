"""What only a machine with a kernel of its own can prove, with the runbook's Kubernetes.

Each test goes on from where the one before left off.
"""

from __future__ import annotations

from machines import BOTH, MASTER, NEWER, NODE, PROXY_MODE, Machines
from summaries import changed

KUBERNETES = "1.20"
MODULES = ("ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh", "nf_conntrack", "br_netfilter", "overlay")
SYSCTLS = {
    "net.ipv4.ip_forward": "1",
    "net.bridge.bridge-nf-call-iptables": "1",
    "vm.swappiness": "0",
    "fs.inotify.max_user_watches": "524288",
}
HIDE = "mv $(modinfo -n ip_vs_rr) /root/ && depmod"
SHOW = "mv /root/ip_vs_rr.ko* /lib/modules/$(uname -r)/kernel/net/netfilter/ipvs/ && depmod"


def expect_ipvs(vms: Machines) -> None:
    """Every machine's kube-proxy says ipvs, and every kernel balances the API's Service."""
    for host in BOTH:
        assert vms.ssh(host, PROXY_MODE) == "ipvs", host
        table = vms.ssh(host, "ipvsadm -Ln")
        service = table.partition("10.96.0.1:443 rr")[2]
        assert service, table
        assert ":6443" in service.split("TCP")[0], table
        # Without its entry a Service is reached from nowhere but where its pods are.
        assert "10.96.0.10,udp:53" in vms.ssh(host, "ipset list KUBE-CLUSTER-IP"), host


def expect_kernel_settings(vms: Machines) -> None:
    """Modules are loaded and listed for the next boot, sysctls are in force."""
    for host in BOTH:
        loaded = vms.ssh(host, "cut -d ' ' -f 1 /proc/modules").split()
        listed = vms.ssh(host, "cat /etc/modules-load.d/k8sboot.conf").split()
        assert set(MODULES) <= set(loaded), host
        assert set(MODULES) <= set(listed), host
        for key, value in SYSCTLS.items():
            assert vms.ssh(host, f"sysctl -n {key}").strip() == value, (host, key)
        assert vms.ssh(host, "swapon --show --noheadings") == "", host


def expect_newer_kernel(vms: Machines) -> None:
    """Every machine runs the kernel that its inventory asks for."""
    for host in BOTH:
        assert vms.ssh(host, "uname -r").startswith(f"{NEWER}."), host


def test_up_brings_a_newer_kernel_and_two_ready_nodes_with_iptables(vms: Machines) -> None:
    for host in BOTH:
        assert vms.ssh(host, "uname -r").startswith("6.1."), "this is what it is to be upgraded from"
    vms.run(vms.inventory(mode="iptables"), "up", "--yes")
    expect_newer_kernel(vms)
    assert vms.ready() == set(BOTH)
    for host in BOTH:
        assert vms.ssh(host, PROXY_MODE) == "iptables"


def test_a_missing_module_keeps_the_cluster_from_being_switched(vms: Machines) -> None:
    vms.ssh(NODE, HIDE)
    said = vms.run(vms.inventory(), "up", "--yes", expect=1)
    assert f"{NODE}: the kernel" in said
    assert "has no module ip_vs_rr" in said
    said = vms.run(vms.inventory(), "phase", "kube-proxy", expect=1)
    assert f"{NODE} has not loaded" in said
    assert "ip_vs_rr" in said
    assert vms.ssh(MASTER, PROXY_MODE) == "iptables"


def test_with_the_module_the_running_cluster_is_switched(vms: Machines) -> None:
    vms.ssh(NODE, SHOW)
    vms.run(vms.inventory(), "up", "--yes")
    expect_ipvs(vms)
    expect_kernel_settings(vms)


def test_second_up_changes_nothing(vms: Machines) -> None:
    assert changed(vms.run(vms.inventory(), "up", "--yes")) == 0


def test_everything_is_still_so_after_a_reboot(vms: Machines) -> None:
    for host in BOTH:
        vms.reboot(host)
    assert changed(vms.run(vms.inventory(), "up", "--yes")) == 0
    assert vms.ready() == set(BOTH)
    expect_newer_kernel(vms)
    expect_kernel_settings(vms)
    expect_ipvs(vms)


def test_a_node_is_reset_although_the_kernel_keeps_its_tunnel(vms: Machines) -> None:
    """The lab's Calico is a stand-in, so that the tunnel gets its address here."""
    assert "tunl0" in vms.ssh(NODE, "modprobe ipip; ip -o link show tunl0")
    vms.ssh(NODE, "ip address add 172.16.9.9/32 dev tunl0; ip link set tunl0 up")
    vms.run(vms.inventory(), "reset", "--yes", "--limit", NODE)
    assert "172.16.9.9" not in vms.ssh(NODE, "ip -o address show dev tunl0")
    assert "UP" not in vms.ssh(NODE, "ip -o link show tunl0")
    assert vms.ssh(NODE, "ls /etc/kubernetes/kubelet.conf", check=False) == ""
    assert changed(vms.run(vms.inventory(), "reset", "--yes", "--limit", NODE)) == 0


def test_a_kernel_that_panics_falls_back_to_the_old_one(vms: Machines) -> None:
    before = vms.ssh(NODE, "uname -r")
    inventory = vms.inventory(kernel="broken", minimum="6.99")
    said = vms.run(inventory, "phase", "kernel-upgrade-nodes", expect=1)
    assert "KB-KERNEL-FELL-BACK" in said
    assert f"{before.strip()} is still the default" in said
    assert vms.ssh(NODE, "uname -r") == before
    vms.reboot(NODE)
    assert vms.ssh(NODE, "uname -r") == before
    vms.ssh(NODE, "apt-get purge -y linux-image-6.99.0-broken && rm -rf /lib/modules/6.99.0-broken")

"""Settings that are in force now and lose at the next boot, and lines and files that win before k8sboot's."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_cluster import FakeCluster
from fake_host import FakeConnection
from fake_state import FakeUnit
from runs import Told, raise_errors, run

from k8sboot import paths
from k8sboot.ensure.next_boot import winning_sysctls
from k8sboot.events import Notice
from k8sboot.phases.hosts import hosts
from k8sboot.phases.kernel import kernel
from k8sboot.phases.os_prep import os_prep
from k8sboot.phases.preflight import preflight
from k8sboot.runbook import UP

pytestmark = pytest.mark.usefixtures("clock")

OURS = "/etc/sysctl.d/90-k8sboot.conf"


def notices(told: Told, code: str = "KB-NEXT-BOOT") -> list[str]:
    return [e.text for e in told.events if isinstance(e, Notice) and e.code == code and e.host == "n1"]


@pytest.fixture
def n1(bare: FakeCluster) -> FakeConnection:
    return bare.hosts["n1"]


# -- sysctls


@pytest.mark.parametrize(
    ("files", "setting", "wins"),
    [
        (["/etc/sysctl.d/99-hard.conf"], "net.ipv4.ip_forward=0", True),
        (["/etc/sysctl.d/10-hard.conf"], "net.ipv4.ip_forward=0", False),
        (["/usr/lib/sysctl.d/99-a.conf"], "-net/ipv4/ip_forward = 0", True),
        (["/usr/lib/sysctl.d/99-a.conf", "/etc/sysctl.d/99-a.conf"], "net.ipv4.ip_forward=0", False),
        (["/etc/sysctl.conf"], "net.ipv4.ip_forward = 0", True),
        (["/etc/sysctl.d/99-a.conf"], "net.ipv4.conf.all.forwarding=0", True),
        (["/etc/sysctl.d/99-a.conf"], "; net.ipv4.ip_forward=0", False),
    ],
)
def test_the_file_that_is_read_last_wins(files, setting, wins):
    found = winning_sysctls(files[::-1], [f"{files[0]}:{setting}"], OURS)
    assert found == ({"net.ipv4.ip_forward": ("0", files[0])} if wins else {})


def test_of_later_files_the_last_counts_and_sysctl_conf_comes_after_all():
    names = ["99-b", "99-a", "99-sysctl"]
    files = [*(f"/etc/sysctl.d/{name}.conf" for name in names), "/etc/sysctl.conf"]
    lines = [f"{file}:vm.swappiness = {n}" for n, file in enumerate(files)]
    assert winning_sysctls(files, lines, OURS)["vm.swappiness"] == ("3", "/etc/sysctl.conf")
    assert winning_sysctls(files[:2], lines[:2], OURS)["vm.swappiness"] == ("0", "/etc/sysctl.d/99-b.conf")


def test_a_sysctl_that_loses_at_the_next_boot_is_told_by_plan_and_by_every_run(bare, n1):
    n1.answers["next-boot"] = (
        "file /etc/sysctl.d/99-hardening.conf\n"
        "sysctl /etc/sysctl.d/99-hardening.conf:net.ipv4.ip_forward = 0\n"
        "sysctl /etc/sysctl.d/99-hardening.conf:net.core.somaxconn=16384\n"
        "sysctl /etc/sysctl.d/99-hardening.conf:fs.inotify.max_user_watches=999999999\n"
        "sysctl /etc/sysctl.d/99-hardening.conf:net.ipv4.conf.all.rp_filter=1"
    )
    n1.sysctls["net.ipv4.ip_forward"] = "1"
    wanted = (
        "at the next boot /etc/sysctl.d/99-hardening.conf, which is read after /etc/sysctl.d/90-k8sboot.conf, "
        "sets net.ipv4.ip_forward = 0 (now 1): remove this line from it"
    )
    assert notices(run(bare, UP, is_dry=True)) == [wanted]
    assert notices(raise_errors(run(bare, [kernel]))) == [wanted]
    again = raise_errors(run(bare, [kernel]))
    assert (notices(again), again.changes, n1.runs) == ([wanted], {}, ["probe"])


def test_lines_of_a_packages_file_are_taken_away_in_a_file_under_etc(bare, n1):
    file = "/usr/lib/sysctl.d/99-vendor.conf"
    n1.answers["next-boot"] = (
        f"file {file}\nsysctl {file}:net.ipv4.ip_forward = 0\nsysctl {file}:vm.swappiness=9"
    )
    (text,) = notices(raise_errors(run(bare, [kernel])))
    assert text.endswith(
        ": copy it to /etc/sysctl.d/99-vendor.conf, which counts in its place, and remove these lines there"
    )


def test_tuned_that_applies_its_profile_last_is_told(bare, n1):
    n1.answers["next-boot"] = "tuned /etc/tuned/tuned-main.conf:reapply_sysctl = 0"
    (text,) = notices(raise_errors(run(bare, [kernel])))
    assert "/etc/tuned/tuned-main.conf" in text
    assert text.endswith("; set it to 1")


# -- modules


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("modprobe /etc/modprobe.d/cis.conf:blacklist br_netfilter", "br_netfilter"),
        ("modprobe /etc/modprobe.d/cis.conf:install br-netfilter /bin/true", "br_netfilter"),
        ("modprobe /etc/modprobe.d/cis.conf:install overlay /sbin/modprobe --ignore-install overlay", ""),
        (
            "modprobe /etc/modprobe.d/cis.conf:blacklist br_netfilter\nbuiltin kernel/net/bridge/br_netfilter.ko",
            "",
        ),
        ("modprobe /etc/modprobe.d/cis.conf:blacklist ip_vs_lblc", ""),
    ],
)
def test_a_module_that_is_kept_away_at_boot_is_told(bare, n1, lines, told):
    n1.answers["next-boot"] = lines
    text = f"at the next boot {told} is not loaded: /etc/modprobe.d/cis.conf disables it; remove that from it"
    wanted = [text] if told else []
    assert notices(raise_errors(run(bare, [kernel]))) == wanted
    assert "br_netfilter" in n1.text(paths.MODULES)


# -- swap and packet filters


def test_swap_that_comes_back_at_boot_is_masked(bare, n1):
    swap = "swap /run/systemd/generator/swap.target.wants/dev-zram0.swap"
    n1.units["swap.target"] = FakeUnit(active="active", enabled="static")
    n1.answers["next-boot"] = lambda host, _: "" if host.units["swap.target"].enabled == "masked" else swap
    told = raise_errors(run(bare, [os_prep]))
    assert "keep swap off at the next boot" in told.changes["n1"]
    assert n1.units["swap.target"].enabled == "masked"
    assert raise_errors(run(bare, [os_prep])).changes == {}


def test_a_filter_that_is_loaded_at_boot_is_told(bare, n1):
    n1.answers["next-boot"] = "filter iptables.service /etc/sysconfig/iptables"
    (text,) = notices(raise_errors(run(bare, [os_prep])))
    assert "iptables.service" in text
    assert "/etc/sysconfig/iptables" in text


# -- cloud-init


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["cloud-init ip-10-0-0-2"], ["back to ip-10-0-0-2", "`preserve_hostname: true`"]),
        (["cloud-init n1"], []),
        (["cloud-init other", "cloud /etc/cloud/cloud.cfg:preserve_hostname: true"], []),
        (
            ["cloud-init other", "cloud /etc/cloud/cloud.cfg:preserve_hostname: true",
             "cloud /etc/cloud/cloud.cfg.d/99-x.cfg:preserve_hostname: false"],
            ["back to other"],
        ),
        (
            ["cloud-init n1", "cloud /etc/cloud/cloud.cfg.d/10-x.cfg:manage_etc_hosts: true # as ever"],
            ["/etc/hosts anew", "/etc/cloud/cloud.cfg.d/10-x.cfg", "`manage_etc_hosts: false` to /etc/cloud"],
        ),
        (
            ["cloud-init n1", "cloud /var/lib/cloud/instance/cloud-config.txt:manage_etc_hosts: template"],
            ["`manage_etc_hosts: false` to the machine's user-data"],
        ),
        (["cloud-init n1", "cloud /etc/cloud/cloud.cfg:manage_etc_hosts: localhost"], []),
    ],
)  # fmt: skip
def test_what_cloud_init_puts_back_is_told_with_the_line_that_stops_it(bare, n1, lines, words):
    n1.answers["next-boot"] = "\n".join(lines)
    found = notices(raise_errors(run(bare, [hosts])))
    assert len(found) == (1 if words else 0)
    assert all(word in found[0] for word in words)


# -- /etc/hosts


def test_a_line_before_the_block_that_wins_is_told(bare, n1):
    n1.put(
        "/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 n1\n10.9.9.9 N2 old # gone\nfd00::9 n2\n192.0.2.1 m1\n"
    )
    told = raise_errors(run(bare, [hosts]))
    wanted = [
        "line 3 of /etc/hosts, which is before k8sboot's, maps n2 to 10.9.9.9, not 192.0.2.3: remove n2 from it"
    ]
    assert notices(told, "KB-HOSTS-LINE") == wanted
    again = raise_errors(run(bare, [hosts]))
    assert (notices(again, "KB-HOSTS-LINE"), again.changes) == (wanted, {})


def test_a_line_behind_the_block_does_not_win(bare, n1):
    raise_errors(run(bare, [hosts]))
    n1.put("/etc/hosts", n1.text("/etc/hosts") + "10.9.9.9 n2\n")
    assert notices(raise_errors(run(bare, [hosts])), "KB-HOSTS-LINE") == []


def test_another_address_for_the_endpoints_name_is_refused(bare, n1):
    bare.spec = replace(bare.spec, cluster=replace(bare.spec.cluster, control_plane_endpoint="m1:6443"))
    n1.put("/etc/hosts", "127.0.0.1 localhost\n10.9.9.9 m1\n")
    told = run(bare, [hosts])
    assert told.errors == {"n1": "KB-HOSTS-LINE"}
    assert n1.mutations == []


def test_localhost_is_added_where_the_file_has_none_and_goes_when_it_has(bare, n1):
    n1.put("/etc/hosts", "10.0.0.9 db\n")
    raise_errors(run(bare, [hosts]))
    assert n1.text("/etc/hosts").splitlines()[1:3] == ["# k8sboot cluster begin", "127.0.0.1 localhost"]
    assert raise_errors(run(bare, [hosts])).changes == {}
    n1.put("/etc/hosts", "::1 localhost\n" + n1.text("/etc/hosts"))
    raise_errors(run(bare, [hosts]))
    assert "127.0.0.1 localhost" not in n1.text("/etc/hosts")


# -- other pod networks


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("05-cilium.conflist", "and prefers it to Calico's"),
        ("87-podman-bridge.conflist", "until Calico's is there"),
    ],
)
def test_another_pod_network_on_a_machine_to_become_a_node_is_refused(bare, n1, name, words):
    n1.answers["cni-configurations"] = f"{name}\n10-calico.conflist\n"
    told = run(bare, [preflight])
    assert told.errors == {"n1": "KB-PREFLIGHT"}
    assert f"/etc/cni/net.d/{name} {words}" in told.report.errors["n1"].what
    assert "10-calico" not in told.report.errors["n1"].what


def test_on_a_member_it_is_the_members_own_business(finished):
    finished.hosts["n1"].answers["cni-configurations"] = "00-multus.conf\n"
    raise_errors(run(finished, [preflight]))


# -- resolv.conf

STUB = "/etc/resolv.conf:nameserver 127.0.0.53"
BEHIND = "/run/systemd/resolve/resolv.conf:nameserver 192.0.2.53"
MANAGED = "/run/NetworkManager/no-stub-resolv.conf:nameserver 192.0.2.53"


def option(host: FakeConnection) -> str:
    line = host.text("/etc/default/kubelet").splitlines()[-1]
    return line.partition("--resolv-conf=")[2].rstrip("'\"")


def test_a_host_that_names_only_itself_is_refused_when_nothing_is_behind_it(bare, n1):
    n1.answers["resolvers"] = f"{STUB}\n/etc/resolv.conf:nameserver ::1"
    told = run(bare, [preflight])
    assert told.errors == {"n1": "KB-PREFLIGHT"}
    assert "names only itself (127.0.0.53, ::1)" in told.report.errors["n1"].what


@pytest.mark.parametrize(
    ("behind", "path"), [(BEHIND, BEHIND.partition(":")[0]), (MANAGED, MANAGED.partition(":")[0])]
)
def test_kubelet_gets_the_list_behind_it_and_keeps_it(bare, n1, behind, path):
    n1.answers["resolvers"] = f"{STUB}\n{behind}"
    raise_errors(run(bare, UP))
    assert option(n1) == path
    assert option(bare.hosts["n2"]) == ""
    assert raise_errors(run(bare, UP)).changes == {}


def test_where_kubeadm_finds_it_by_itself_there_is_no_option(bare):
    for host in bare.hosts.values():
        host.answers["resolvers"] = f"{STUB}\n{BEHIND}"
        host.units["systemd-resolved.service"] = FakeUnit(active="active")
    raise_errors(run(bare, UP))
    assert {option(host) for host in bare.hosts.values()} == {""}


def test_a_node_without_the_first_masters_list_gets_its_own(bare, n1):
    bare.hosts["m1"].answers["resolvers"] = f"{STUB}\n{BEHIND}"
    bare.hosts["m1"].units["systemd-resolved.service"] = FakeUnit(active="active")
    for name in ("n1", "n2"):
        bare.hosts[name].answers["resolvers"] = "/etc/resolv.conf:nameserver 192.0.2.53"
    raise_errors(run(bare, UP))
    assert (option(bare.hosts["m1"]), option(n1)) == ("", "/etc/resolv.conf")


def test_a_member_of_old_keeps_what_it_has(finished):
    finished.hosts["n1"].answers["resolvers"] = f"{STUB}\n{BEHIND}"
    assert raise_errors(run(finished, UP)).changes == {}

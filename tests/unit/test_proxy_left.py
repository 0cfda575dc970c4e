"""What kube-proxy's former mode leaves on a host is removed, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_cluster import FakeCluster
from inventories import saying
from runs import raise_errors, run

from k8sboot.ensure import proxy_mode
from k8sboot.host.reads import Reads
from k8sboot.runbook import UP
from k8sboot.scripts import render

JUMPS = (
    '-A {} -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A {} -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS',
)
OTHERS = (
    "-P {0} ACCEPT",
    "-A {0} -j cali-{0}",
    '-A {0} -m comment --comment "a -j KUBE-SERVICES" -j KUBE-FORWARD',
)
LEFT = "chain KUBE-SERVICES\n"
SERVERS = """\
-A -t 10.96.0.1:443 -s rr
-a -t 10.96.0.1:443 -r 10.77.0.11:6443 -m -w 1
-A -t 10.96.0.10:53 -s rr
-A -u [fd00::a]:53 -s rr
-A -t 192.0.2.1:31000 -s rr
-a -t 192.0.2.1:31000 -r 172.16.1.9:8080 -m -w 1
-A -t 192.0.2.1:80 -s wlc
-a -t 192.0.2.1:80 -r 192.0.2.7:80 -m -w 1
-A -t 192.0.2.1:32000 -s wlc
-a -t 192.0.2.1:32000 -r 192.0.2.7:80 -g -w 1
-A -t 192.0.2.1:31001 -s rr
-A -u 192.0.2.1:31001 -s rr
-A -t 192.0.2.1:31002 -s rr
-A -t 192.0.2.1:32001 -s rr
-a -t 192.0.2.1:32001 -r 192.0.2.7:80 -g -w 1
-A -u [fd00::1]:31003 -s rr
-A -f 7 -s rr
"""
NODE_PORTS = {"KUBE-NODE-PORT-TCP": (31000, 31001, 32001), "KUBE-6-NODE-PORT-UDP": (31003,)}
"""kube-proxy's sets of NodePorts, as ipset has them; those without Pods have no line but their own in SERVERS."""
ADDRESSES = """\
9: lo    inet 10.96.0.1/32 scope global lo
9: lo    inet 10.96.0.10/32 scope global lo
9: lo    inet6 fd00::a/128 scope global
"""

Run = Callable[..., str]


@pytest.fixture
def on_host(tmp_path: Path) -> Run:
    """Runs a script on a machine with iptables alone; returns what it printed and which changes it made."""
    for tool in ("awk", "cat", "grep", "sed", "sort", "sh"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or tool)
    for name, text in {
        "iptables": f'case $1 in -S) cat {tmp_path}/rules-$2 ;; *) echo "iptables $*" >>{tmp_path}/log ;; esac',
        "iptables-restore": f"echo restore $* >>{tmp_path}/log; cat >>{tmp_path}/log",
        "ip": f'case $2 in address) cat {tmp_path}/addresses ;; *) echo "ip $*" >>{tmp_path}/log ;; esac',
        "ipvsadm": f"case $1 in -Sn) cat {tmp_path}/servers ;; *) sort >>{tmp_path}/log ;; esac",
        "ipset": f"cat {tmp_path}/set-$2",
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "addresses").write_text(ADDRESSES)
    (tmp_path / "servers").write_text(SERVERS)
    for name, ports in NODE_PORTS.items():
        members = "".join(f"{port}\n" for port in ports)
        (tmp_path / f"set-{name}").write_text(f"Name: {name}\nRevision: 3\n\nMembers:\n{members}")

    def on(
        name: str,
        *rules: str,
        chains: str = "KUBE-SERVICES|KUBE-NODEPORTS",
        link: str = "",
        member: Path = tmp_path,
    ) -> str:
        for chain in ("INPUT", "FORWARD", "OUTPUT"):
            (tmp_path / f"rules-{chain}").write_text("".join(f"{rule.format(chain)}\n" for rule in rules))
        (tmp_path / "log").write_text("")
        script = render(name, MEMBER=str(member), CHAINS=chains, LINK=link)
        done = subprocess.run(
            ["/bin/sh", "-c", script], capture_output=True, text=True, check=True, env={"PATH": str(tmp_path)}
        )
        return done.stdout + (tmp_path / "log").read_text()

    return on


def test_rules_of_the_other_mode_are_found_and_no_others(on_host: Run):
    assert on_host("proxy-left", *OTHERS) == ""
    assert on_host("proxy-left", *OTHERS, *JUMPS) == "chain KUBE-NODEPORTS\nchain KUBE-SERVICES\n"
    assert on_host("proxy-left", link="lo") == "interface lo\n"
    assert on_host("proxy-left", link="no-such-link") == ""


def test_a_host_that_is_not_in_the_cluster_is_not_looked_at(on_host: Run, tmp_path: Path):
    assert on_host("proxy-left", *JUMPS, link="lo", member=tmp_path / "absent") == ""


def test_its_rules_are_removed_in_one_step(on_host: Run):
    assert on_host("undo-proxy", *OTHERS) == ""
    done = on_host("undo-proxy", *OTHERS, *JUMPS).splitlines()
    deleted = [
        rule.format(chain).replace("-A", "-D", 1)
        for chain in ("INPUT", "FORWARD", "OUTPUT")
        for rule in JUMPS
    ]
    emptied = [":KUBE-NODEPORTS - [0:0]", ":KUBE-SERVICES - [0:0]"]
    assert done[:-2] == ["restore --noflush", "*filter", *emptied, *deleted, "COMMIT"]
    assert done[-2:] == ["iptables -X KUBE-NODEPORTS", "iptables -X KUBE-SERVICES"]


def test_virtual_servers_of_services_are_removed_and_those_of_others_stay(on_host: Run):
    assert on_host("undo-proxy", link="lo").splitlines() == [
        "-D -t 10.96.0.10:53",
        "-D -t 10.96.0.1:443",
        "-D -t 192.0.2.1:31000",
        "-D -t 192.0.2.1:31001",
        "-D -u [fd00::1]:31003",
        "-D -u [fd00::a]:53",
        "ip link delete lo",
    ]
    assert on_host("undo-proxy", link="no-such-link") == ""


@pytest.mark.parametrize("mode", ["iptables", "ipvs"])
def test_what_a_mode_does_not_have_is_what_the_other_has(mode: str):
    script = proxy_mode.left_reads(mode).questions[0].script
    assert ("KUBE-IPVS-FILTER" in script, "LINK=kube-ipvs0" in script) == ((mode == "iptables"),) * 2
    assert ("KUBE-EXTERNAL-SERVICES" in script) == (mode == "ipvs")


def test_in_mode_nftables_kube_proxy_itself_cleans_up():
    assert proxy_mode.left_reads("nftables") == Reads()


@pytest.mark.usefixtures("short_naps")
def test_a_switched_cluster_loses_what_the_former_mode_left_on_every_host(finished: FakeCluster):
    finished.spec = saying(finished.spec, "kubeProxy.mode")
    finished.proxy_mode = "iptables"
    for host in finished.hosts.values():
        host.answers["proxy-left"] = LEFT
    told = raise_errors(run(finished, UP))
    removed = "remove what kube-proxy left of mode iptables"
    switched = ["set kube-proxy's mode to ipvs", removed]
    assert told.changes == {**dict.fromkeys(finished.hosts, [removed]), "m1": switched}
    assert raise_errors(run(finished, UP)).changes == {}


def test_what_cannot_be_removed_is_an_error(finished: FakeCluster):
    finished.hosts["n1"].answers["proxy-left"] = LEFT
    finished.hosts["n1"].answers["/bin/sh -c"] = ""
    told = run(finished, [phase for phase in UP if phase.name == "kube-proxy-mode"])
    assert set(told.errors) == {"n1"}
    assert "KUBE-SERVICES" in told.report.errors["n1"].why

"""tunl0 is the kernel's own as long as its module is loaded: no trace of a cluster, and nothing that can be deleted."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from k8sboot.kubernetes import interfaces
from k8sboot.phases import reset
from k8sboot.scripts import render

LINKS = {
    "plugin": "2: eth0: <BROADCAST,UP> mtu 1500\n3: kube-bridge: <UP> mtu 1500\n4: cni-podman0: <UP> mtu 1500\n"
    "5: kube-bridge0: <UP> mtu 1500\n6: flannel.1@if2: <UP> mtu 1450\n",
    "bare": "2: eth0: <BROADCAST,UP> mtu 1500\n3: tunl0@NONE: <NOARP> mtu 1480\n",
    "member": "2: eth0: <BROADCAST,UP> mtu 1500\n3: tunl0@NONE: <NOARP,UP> mtu 1480\n5: cali0a@if2: <UP> mtu 1480\n",
}

OWNERS = r"""*filter
:INPUT ACCEPT [0:0]
:SITE - [0:0]
-A INPUT -m comment --comment "before KUBE-SERVICES, see cali-doc" -j SITE
-A INPUT -m comment --comment KUBE-SITE -j SITE
-A INPUT -m comment --comment "a \"quoted\" -j KUBE-SERVICES" -j SITE
-A FORWARD -m comment --comment "cali:mine" -j SITE
-A SITE -p tcp -m tcp --dport 9999 -j DROP
COMMIT
"""
KUBERNETES = """:KUBE-FIREWALL - [0:0]
:cali-INPUT - [0:0]
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-FIREWALL
-A INPUT -m comment --comment "cali:Cz_u1IQiXIMmKD4c" -j cali-INPUT
-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m comment --comment "Policy accepted." -j ACCEPT
-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -j DROP
-A cali-INPUT -g cali-wl-to-host
"""


@pytest.fixture
def run(tmp_path: Path):
    """Runs a script on a machine with these links; returns what it printed, and the calls of `ip`.

    It finds no other programs, so that the rules of the machine that runs this test stay as they are.
    """
    for tool in ("awk", "cat", "grep", "ls", "sed"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or tool)
    log = tmp_path / "log"

    def on(links: str, script: str) -> tuple[str, list[str]]:
        (tmp_path / "links").write_text(LINKS[links])
        ip = tmp_path / "ip"
        ip.write_text(
            f'#!/bin/sh\n[ "$*" != "-o link" ] || exec cat {tmp_path}/links\necho "$*" >>{log}\n'
            '[ "$*" != "link delete tunl0" ]\n'
        )
        ip.chmod(0o755)
        log.write_text("")
        done = subprocess.run(
            ["/bin/sh", "-c", script],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": str(tmp_path)},
        )
        return done.stdout, log.read_text().splitlines()

    return on


def undo(cni: Path) -> str:
    return render("undo-network", LINKS=interfaces.LEFT, CNI=str(cni))


def test_the_kernels_tunnel_is_no_trace(run):
    assert "tunl0" not in run("bare", reset.TRACES.script)[0]
    assert "cali0a" in run("member", reset.TRACES.script)[0]


def test_a_tunnel_that_calico_used_loses_its_address(run, tmp_path):
    cni = tmp_path / "10-calico.conflist"
    cni.touch()
    assert run("member", undo(cni))[1] == [
        "link delete cali0a",
        "address flush dev tunl0",
        "link set tunl0 down",
    ]


def test_a_tunnel_of_others_keeps_its_address(run, tmp_path):
    assert run("member", undo(tmp_path / "absent"))[1] == ["link delete cali0a"]


def test_another_plugins_interfaces_and_routes_to_pod_subnet_are_removed(run):
    # no rm is found: the configurations of the machine that runs this test stay
    undo_plugin = render("undo-plugin", LINKS=interfaces.OF_PLUGINS, SUBNET="172.16.0.0/16")
    assert run("plugin", undo_plugin)[1] == [
        "link delete kube-bridge",
        "link delete flannel.1",
        "-4 route flush root 172.16.0.0/16",
    ]


def with_rules(folder: Path, rules: str) -> None:
    """iptables, with these rules; what is restored is then in the file restored."""
    (folder / "rules").write_text(rules)
    for name, does in {"save": "cat {0}/rules", "restore": "cat >{0}/restored"}.items():
        (folder / f"iptables-{name}").write_text(f"#!/bin/sh\nexec {does.format(folder)}\n")
        (folder / f"iptables-{name}").chmod(0o755)


@pytest.mark.parametrize("line", range(KUBERNETES.count("\n")))
def test_rules_of_kubernetes_are_traces_and_go_and_the_owners_stay_whatever_their_comments_say(
    run, tmp_path, line
):
    with_rules(tmp_path, OWNERS.replace("COMMIT\n", KUBERNETES.splitlines()[line] + "\nCOMMIT\n"))
    assert "iptables-save" in run("bare", reset.TRACES.script)[0]
    run("bare", undo(tmp_path / "absent"))
    assert (tmp_path / "restored").read_text() == OWNERS


def test_rules_of_the_owner_alone_are_no_trace_and_are_not_loaded_anew(run, tmp_path):
    with_rules(tmp_path, OWNERS)
    assert "iptables-save" not in run("bare", reset.TRACES.script)[0]
    run("bare", undo(tmp_path / "absent"))
    assert not (tmp_path / "restored").exists()

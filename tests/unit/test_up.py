"""`up` from bare machines to a cluster, and again."""

from __future__ import annotations

import re
import shlex
from collections import Counter

import pytest
from fake_cluster import FakeCluster
from fake_shell import plain
from runs import mutations, raise_errors, run

from k8sboot.paths import RESTART_DIR, STATE_DIR
from k8sboot.runbook import UP

pytestmark = pytest.mark.usefixtures("clock")

MASTER_ASKS = Counter({"kubectl get": 6, "kubectl diff": 2, "kubectl top": 1, "sh": 1})
"""How often a finished cluster's first master is asked, in whatever order: ten reads, none of them in vain."""
ASKED_FOR = {"calico", "metrics-server", "kube-proxy", "secrets", "daemonsets", "nodes", "readyz"}


def test_up_makes_a_cluster_of_bare_machines(bare: FakeCluster):
    told = raise_errors(run(bare, UP))
    assert sorted(bare.members) == ["m1", "n1", "n2"]
    assert bare.tokens == {}, "the join token is revoked"
    assert told.report.changes == {name: len(changes) for name, changes in told.changes.items()}
    for host in bare.hosts.values():
        assert host.text("/etc/fstab").startswith("#k8sboot")
        assert host.units["ufw.service"].active == "inactive"
        assert {"docker-ce", "docker-ce-cli", "containerd.io", "kubeadm", "kubelet"} <= host.held
        assert not [path for path in host.files if path.startswith("/run/k8sboot")]
        assert f"{STATE_DIR}/kubeadm-unfinished" not in host.files
        assert "192.0.2.3 n2\n" in host.text("/etc/hosts")
    assert bare.hosts["m1"].files["/home/ops/.kube/config"].mode == 0o600


def test_the_plan_of_a_dry_run_is_what_up_then_does(bare: FakeCluster):
    planned = run(bare, UP, is_dry=True)
    assert planned.errors == {}
    assert mutations(bare) == {}
    done = raise_errors(run(bare, UP))
    for name in bare.hosts:
        begun = [what.partition("=")[0].split()[:2] for what in done.changes[name]]
        for what in planned.changes[name]:
            if what.startswith("enable "):
                continue  # packages enable and start their units, which leaves nothing to do for up
            # which version a package will have is known when the lists have been read
            assert what.partition("=")[0].split()[:2] in begun, f"{name} was planned to {what}"
    assert {"kubeadm init", "read the package lists", "set the host name to m1"} <= set(planned.changes["m1"])
    assert planned.unknown, "and what is unknown yet is told"


def test_a_second_up_alters_nothing_and_asks_a_node_once(finished: FakeCluster):
    told = raise_errors(run(finished, UP))
    assert told.changes == {}
    assert told.report.changes == {"m1": 0, "n1": 0, "n2": 0}
    assert finished.hosts["n1"].runs == ["probe"]
    assert finished.hosts["n2"].runs == ["probe"]
    master = finished.hosts["m1"].runs
    assert master[0] == "probe"
    assert master.count("probe") == 2, (
        "the second for the login user's kubeconfig, whose home only a probe tells"
    )
    assert (master.count("hold"), master[-1]) == (1, "release"), "it stands for the cluster, and is held"
    assert set(master) == {"probe", "ask", "hold", "release"}, (
        "what is asked of the cluster is never taken from the probe"
    )
    assert master == ["probe", "hold", "ask", "probe", "ask", "release"], "the cluster, and logs of its Pods"
    asked = [plain(shlex.split(line)) for line in finished.hosts["m1"].commands]
    assert Counter(re.match(r"\w+( [a-z]+)?", line)[0] for line in asked) == MASTER_ASKS
    assert {word for word in ASKED_FOR if any(word in line for line in asked)} == ASKED_FOR
    assert told.unknown == []


def test_a_second_dry_run_plans_nothing(finished: FakeCluster):
    told = raise_errors(run(finished, UP, is_dry=True))
    assert told.changes == {}
    assert told.unknown == []


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("/etc/sysctl.d/90-k8sboot.conf", ["write /etc/sysctl.d/90-k8sboot.conf"]),
        ("/etc/docker/daemon.json", ["write /etc/docker/daemon.json", "restart docker.service"]),
        ("/etc/default/kubelet", ["write /etc/default/kubelet", "restart kubelet.service"]),
        ("/etc/hosts", ["write /etc/hosts"]),
    ],
)
def test_one_broken_file_is_repaired_alone(finished: FakeCluster, path, changes):
    finished.hosts["n1"].put(path, "broken\n")
    assert raise_errors(run(finished, UP)).changes == {"n1": changes}
    assert raise_errors(run(finished, UP)).changes == {}


def test_a_dry_run_plans_the_restart_that_a_file_asks_for(finished: FakeCluster):
    finished.hosts["n1"].put("/etc/docker/daemon.json", '{"exec-opts": ["native.cgroupdriver=systemd"]}')
    told = raise_errors(run(finished, UP, is_dry=True))
    assert told.changes == {"n1": ["write /etc/docker/daemon.json", "restart docker.service"]}


def test_a_run_cut_between_file_and_restart_restarts_next_time(finished: FakeCluster):
    finished.hosts["n1"].put(f"{RESTART_DIR}/docker.service", "")
    assert raise_errors(run(finished, UP)).changes == {"n1": ["restart docker.service"]}
    assert raise_errors(run(finished, UP)).changes == {}

"""What every phase promises, and UP and RESET from end to end on fake hosts."""

from __future__ import annotations

import base64
import copy
import shlex

import pytest
from fake_cluster import FakeCluster, ca_certificate, spec
from fake_host import plain
from runs import raise_errors, run

from k8sboot.errors import DeadlineExceeded, Refused
from k8sboot.events import PhaseStarted
from k8sboot.phase import Phase
from k8sboot.probe import Reads
from k8sboot.runbook import RESET, UP
from k8sboot.writing import RESTART_DIR

pytestmark = pytest.mark.usefixtures("clock")
EACH = pytest.mark.parametrize("phase", [*UP, *RESET], ids=lambda phase: phase.name)

MASTER_ASKS = [
    "kubectl get",
    "kubectl diff -f /etc/kubernetes/k8sboot/calico.yaml",
    "kubectl diff -f /etc/kubernetes/k8sboot/metrics-server.yaml",
    "kubectl get configmap kube-proxy",
    "stat -Lc %U:%G",
    "stat -Lc %U:%G",
    "kubectl get secrets",
    "kubectl get daemonsets,deployments",
    "kubectl get nodes",
    "kubectl get nodes",
    "kubectl top nodes",
]


@pytest.fixture
def bare() -> FakeCluster:
    return FakeCluster(spec())


@pytest.fixture(scope="module")
def made() -> FakeCluster:
    cluster = FakeCluster(spec())
    raise_errors(run(cluster, UP))
    return cluster


@pytest.fixture
def finished(made: FakeCluster) -> FakeCluster:
    return copy.deepcopy(made)


def mutations(cluster: FakeCluster) -> dict[str, list[str]]:
    return {name: host.mutations for name, host in cluster.hosts.items() if host.mutations}


@EACH
def test_a_phase_says_what_it_is_for(phase: Phase):
    assert phase.title.endswith(".")
    assert phase.title[0].isupper()
    assert len(phase.title) < 100
    assert phase.name == phase.name.lower().replace("_", "-")
    assert isinstance(phase.reads(spec()), Reads)


@pytest.mark.parametrize("phases", [UP, RESET], ids=["up", "reset"])
def test_names_are_unique_and_a_phase_comes_after_earlier_ones(phases):
    names = [phase.name for phase in phases]
    assert len(set(names)) == len(names)
    for index, phase in enumerate(phases):
        assert set(phase.after) <= set(names[:index]), phase.name


@EACH
def test_a_phase_alone_alters_nothing_on_a_finished_cluster(finished: FakeCluster, phase: Phase):
    if phase in RESET:
        raise_errors(run(finished, RESET))
    told = raise_errors(run(finished, [phase]))
    assert told.changes == {}
    assert mutations(finished) == {}


@EACH
def test_a_dry_run_of_a_phase_alters_nothing_on_bare_machines(bare: FakeCluster, phase: Phase):
    before = {name: dict(host.files) for name, host in bare.hosts.items()}
    told = run(bare, [phase], is_dry=True)
    assert "KB-BUG" not in told.errors.values()
    assert mutations(bare) == {}
    assert {name: host.files for name, host in bare.hosts.items()} == before


def test_up_makes_a_cluster_of_bare_machines(bare: FakeCluster):
    told = raise_errors(run(bare, UP))
    assert sorted(bare.members) == ["m1", "n1", "n2"]
    assert bare.tokens == {}, "the join token is revoked"
    assert told.report.changes == {name: len(changes) for name, changes in told.changes.items()}
    for host in bare.hosts.values():
        assert host.text("/etc/fstab").startswith("#k8sboot")
        assert host.units["ufw.service"].active == "inactive"
        assert {"docker-ce", "docker-ce-cli", "containerd.io", "kubeadm", "kubelet"} <= host.held
        assert not [path for path in host.files if path.startswith(("/run/k8sboot", "/var/lib/k8sboot"))]
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
    assert set(master) == {"probe", "ask"}, "what is asked of the cluster is never taken from the probe"
    assert len(master) == len(MASTER_ASKS) + 2
    assert [plain(shlex.split(line)).split(" --")[0] for line in finished.hosts["m1"].commands] == MASTER_ASKS
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


def test_more_masters_join_one_after_the_other():
    cluster = FakeCluster(spec(masters=3, nodes=1))
    raise_errors(run(cluster, UP))
    assert sorted(cluster.members) == ["m1", "m2", "m3", "n1"]
    for name in ("m2", "m3"):
        assert "/etc/kubernetes/admin.conf" in cluster.hosts[name].files
    assert raise_errors(run(cluster, UP)).changes == {}


def test_up_with_one_fork_comes_to_its_end():
    cluster = FakeCluster(spec(masters=3, nodes=2))
    raise_errors(run(cluster, UP, forks=1))
    assert len(cluster.members) == 5


def test_an_init_that_failed_half_way_is_undone_and_made_again(bare: FakeCluster):
    host = bare.hosts["m1"]
    host.answers["kubeadm init"] = (
        1,
        "[init] Using Kubernetes\n",
        "error execution phase wait-control-plane\n",
    )
    failed = run(bare, UP).report.errors["m1"]
    assert failed.command.startswith("kubeadm init --config")  # type: ignore[attr-defined]
    assert failed.detail.endswith("error execution phase wait-control-plane")
    assert "k8sboot-failed" not in failed.detail
    host.put("/etc/kubernetes/admin.conf", "half", mode=0o600)
    del host.answers["kubeadm init"]
    told = raise_errors(run(bare, UP))
    assert "undo an unfinished kubeadm" in told.changes["m1"]
    assert "KB-UNFINISHED" in told.codes
    assert raise_errors(run(bare, UP)).changes == {}


def test_a_join_that_failed_leaves_no_secret_and_is_made_again(bare: FakeCluster):
    host = bare.hosts["n1"]
    host.answers["kubeadm join"] = (1, "", "timed out\n")
    told = run(bare, UP)
    assert told.errors == {"n1": "KB-COMMAND"}
    assert sorted(bare.members) == ["m1", "n2"]
    assert "/run/k8sboot/join.yaml" not in host.files
    del host.answers["kubeadm join"]
    told = raise_errors(run(bare, UP))
    assert {"undo an unfinished kubeadm", "kubeadm join"} <= set(told.changes["n1"])
    assert set(told.changes["m1"]) == {"make a join token", "revoke the join token"}
    assert "n2" not in told.changes


def test_a_machine_of_another_cluster_is_left_alone(bare: FakeCluster):
    foreign = FakeCluster(spec(nodes=0))
    raise_errors(run(foreign, UP))
    kubelet = foreign.hosts["m1"].text("/etc/kubernetes/kubelet.conf")
    other = kubelet.replace(
        base64.b64encode(foreign.ca.encode()).decode(),
        base64.b64encode(ca_certificate(b"\x02").encode()).decode(),
    )
    assert other != kubelet
    bare.hosts["n1"].put("/etc/kubernetes/kubelet.conf", other, mode=0o600)
    told = run(bare, UP)
    assert told.errors == {"n1": "KB-FOREIGN-CLUSTER", "m1": "KB-DEADLINE"}
    assert told.report.errors["m1"].why == "not in the cluster: n1"
    assert not [line for line in bare.hosts["n1"].mutations if "kubeadm" in line and "apt" not in line]


def test_a_pod_network_that_takes_its_time_is_asked_for_anew(bare: FakeCluster, clock):
    """On a node, after its join, kube-proxy comes up late: the probe's old answer must not count."""
    late = {"n1": 4}
    answer = bare.hosts["n1"].answers["proxy-mode"]

    def slow(host, words):
        if host.name in bare.members and late[host.name]:
            late[host.name] -= 1
            return 1, "", ""
        return answer(host, words)

    bare.hosts["n1"].answers["proxy-mode"] = slow
    raise_errors(run(bare, UP))
    assert late == {"n1": 0}


def test_what_never_comes_has_a_deadline_with_the_last_words(finished: FakeCluster):
    finished.hosts["n2"].answers["service-dns"] = (1, "", "")
    error = run(finished, UP).report.errors["n2"]
    assert isinstance(error, DeadlineExceeded)
    assert "10.96.0.10" in error.why


def test_limit_leaves_other_machines_alone_and_still_serves_the_cluster(bare: FakeCluster):
    raise_errors(run(bare, UP, limit=["m1", "n1"]))
    assert sorted(bare.members) == ["m1", "n1"]
    assert bare.hosts["n2"].runs == []
    told = raise_errors(run(bare, UP, limit=["n2"]))
    assert sorted(bare.members) == ["m1", "n1", "n2"]
    assert set(told.changes["m1"]) == {"make a join token", "revoke the join token"}
    started = {e.phase for e in told.events if isinstance(e, PhaseStarted) and e.host == "m1"}
    assert "os-prep" not in started


def test_limit_to_nodes_before_there_is_a_cluster_says_what_is_missing(bare: FakeCluster):
    told = run(bare, UP, limit=["n1"])
    assert told.errors
    assert "KB-BUG" not in told.errors.values()
    assert bare.members == []
    assert bare.hosts["m1"].mutations == []


def test_reset_takes_kubernetes_off_and_a_second_one_alters_nothing(finished: FakeCluster):
    told = raise_errors(run(finished, RESET))
    assert {name: len(changes) for name, changes in told.changes.items()} == {"m1": 1, "n1": 1, "n2": 1}
    for host in finished.hosts.values():
        assert not [path for path in host.files if path.startswith("/etc/kubernetes/")]
        assert "docker-ce" in host.packages
    assert "/root/.kube/config" not in finished.hosts["m1"].files
    again = raise_errors(run(finished, RESET))
    assert again.changes == {}
    assert [host.runs for host in finished.hosts.values()] == [["probe"]] * 3


def test_reset_of_machines_that_never_were_a_cluster_alters_nothing(bare: FakeCluster):
    assert raise_errors(run(bare, RESET)).changes == {}


def test_reset_of_one_node_drains_it_and_up_brings_it_back(finished: FakeCluster):
    told = raise_errors(run(finished, RESET, limit=["n1"]))
    assert told.changes["m1"] == ["drain n1 and take it out of the cluster"]
    assert sorted(finished.members) == ["m1", "n2"]
    assert "n2" not in told.changes
    told = raise_errors(run(finished, UP))
    assert sorted(finished.members) == ["m1", "n1", "n2"]
    assert "n2" not in told.changes


def test_up_after_reset_makes_the_cluster_again(finished: FakeCluster):
    raise_errors(run(finished, RESET))
    told = raise_errors(run(finished, UP))
    assert sorted(finished.members) == ["m1", "n1", "n2"]
    assert "read the package lists" not in str(told.changes)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"init": "openrc"}, "process 1 is openrc"),
        ({"arch": "ppc64le"}, "the processor is ppc64le"),
        ({"cpus": "1"}, "1 processor"),
        ({"memory_kib": "1000000"}, "976 MiB of memory"),
        ({"disk_free_kib": "1000"}, "free under /var"),
        ({"listening": 'LISTEN 0 4 *:6443 *:* users:(("nc",pid=1,fd=3))'}, "port 6443 is taken"),
        ({"macs": "02:aa:00"}, "MAC address"),
        ({"product_uuid": "same"}, "product_uuid"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_preflight_refuses_before_anything_is_altered(bare: FakeCluster, facts, words):
    bare.hosts["m1"].facts.update(facts)
    bare.hosts["n1"].facts.update({k: v for k, v in facts.items() if k in ("macs", "product_uuid")})
    told = run(bare, UP)
    error = told.report.errors["m1"]
    assert isinstance(error, Refused)
    assert words in error.what
    assert bare.hosts["m1"].mutations == []


def test_containers_may_share_a_product_uuid(bare: FakeCluster):
    for host in bare.hosts.values():
        host.facts["product_uuid"] = "same"
        host.answers["container"] = "systemd-nspawn\n"
    raise_errors(run(bare, UP[:1]))


def test_kube_proxy_in_another_mode_is_changed_and_asked(finished: FakeCluster):
    finished.proxy_mode = "iptables"
    told = raise_errors(run(finished, UP))
    assert told.changes == {"m1": ["set kube-proxy's mode to ipvs"]}
    assert finished.proxy_mode == "ipvs"
    assert "/run/k8sboot/kube-proxy.json" not in finished.hosts["m1"].files


def test_a_machine_that_runs_another_mode_than_asked_is_an_error(finished: FakeCluster):
    finished.hosts["n1"].answers["proxy-mode"] = "iptables"
    finished.hosts["n1"].modules["ip_vs_sh"] = "missing"
    told = run(finished, [phase for phase in UP if phase.name == "kube-proxy-mode"])
    assert told.errors == {"n1": "KB-NOT-AS-WANTED"}
    assert "ip_vs_sh" in told.report.errors["n1"].why

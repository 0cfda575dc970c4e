"""What every phase promises, and what some of them refuse."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_cluster import FakeCluster
from inventories import saying, spec
from runs import mutations, raise_errors, run

from k8sboot import phases
from k8sboot.errors import Refused
from k8sboot.host.reads import Reads
from k8sboot.paths import KUBEADM_CONFIG
from k8sboot.phase import Phase
from k8sboot.runbook import RESET, RESET_WITH_OS, UP

pytestmark = pytest.mark.usefixtures("clock")
PREFLIGHT = [phase for phase in UP if phase.name == "preflight"]
MIB_IN_KIB = 1024
GIB_IN_KIB = 1024 * MIB_IN_KIB
EACH = pytest.mark.parametrize("phase", [*UP, *RESET], ids=lambda phase: phase.name)


@EACH
def test_a_phase_says_what_it_is_for(phase: Phase):
    assert phase.title.endswith(".")
    assert phase.title[0].isupper()
    assert len(phase.title) < 100
    assert phase.name == phase.name.lower().replace("_", "-")
    assert isinstance(phase.reads_for(spec()), Reads)


@pytest.mark.parametrize("phases", [UP, RESET, RESET_WITH_OS], ids=["up", "reset", "restore"])
def test_names_are_unique_and_a_phase_comes_after_earlier_ones(phases):
    names = [phase.name for phase in phases]
    assert len(set(names)) == len(names)
    for index, phase in enumerate(phases):
        assert set(phase.after) <= set(names[:index]), phase.name


@pytest.mark.parametrize("phases", [UP, RESET, RESET_WITH_OS], ids=["up", "reset", "restore"])
def test_a_phase_needs_earlier_ones(phases):
    names = [phase.name for phase in phases]
    for index, phase in enumerate(phases):
        assert {*phase.needs, *phase.needs_on_first_master} <= set(names[:index]), phase.name


def test_phases_ask_nothing_about_dry_runs_and_handle_no_errors():
    sources = "".join(path.read_text() for path in Path(phases.__file__).parent.glob("*.py"))
    assert "def kubeadm_init(" in sources
    for word in (
        "is_ahead",
        "relies_on",
        "report_unknown",
        "planned_by",
        "is_dry",
        "NotYet",
        "try:",
        "print(",
    ):
        assert word not in sources


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


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"init": "openrc"}, "process 1 is openrc"),
        ({"arch": "ppc64le"}, "the processor is ppc64le"),
        ({"cpus": "1"}, "1 processor"),
        ({"memory_kib": "1000000"}, "976 MiB of memory"),
        ({"disk_free_kib": "1000"}, "0 MiB free under /var, 2048 are needed"),
        ({"listening": 'LISTEN 0 4 *:6443 *:* users:(("nc",pid=1,fd=3))'}, "port 6443 is taken"),
        ({"listening": 'LISTEN 0 4 *:10250 *:* users:(("kubelet",pid=1,fd=3))'}, "port 10250 is taken"),
        (
            {
                "listening": 'LISTEN 0 4 127.0.0.1:10257 0.0.0.0:* users:(("my perl",pid=122,fd=3),("b",pid=3,fd=3))'
            },
            "port 10257 is taken by my perl (pid 122), and the controller manager needs it",
        ),
        (
            {"listening": "tcp6 0 0 :::2379 :::* LISTEN 122/sshd: /usr/sbin"},
            "port 2379 is taken by sshd: /usr/sbin (pid 122), and etcd needs it",
        ),
        (
            {"listening": "LISTEN 0 4 *:10259 *:*"},
            "taken by a program that ss does not name, and the scheduler",
        ),
        ({"listening": "LISTEN 0 4 *:10256 *:*"}, "port 10256 is taken"),
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


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"disk_free_kib": f"{2 * GIB_IN_KIB - 1}"}, "2047 MiB free under /var, 2048 are needed"),
        ({"memory_kib": f"{1700 * MIB_IN_KIB - 1}"}, "1699 MiB of memory, a master needs 1700"),
        ({"cpus": "1"}, "1 processor, a master needs 2"),
    ],
    ids=["disk", "memory", "processors"],
)
def test_a_little_less_than_a_master_needs_is_refused(bare: FakeCluster, facts, words):
    bare.hosts["m1"].facts.update(facts)
    error = run(bare, PREFLIGHT).report.errors["m1"]
    assert error.error_code == "KB-PREFLIGHT"
    assert words in error.what


def test_exactly_what_a_master_needs_is_enough(bare: FakeCluster):
    needs = {"disk_free_kib": 2 * GIB_IN_KIB, "memory_kib": 1700 * MIB_IN_KIB, "cpus": 2}
    bare.hosts["m1"].facts.update({name: str(value) for name, value in needs.items()})
    assert run(bare, PREFLIGHT).errors == {}


def test_a_node_needs_room_like_a_master_but_less_memory_and_one_processor(bare: FakeCluster):
    bare.hosts["n1"].facts.update({"memory_kib": f"{600 * MIB_IN_KIB}", "cpus": "1"})
    bare.hosts["n2"].facts.update({"disk_free_kib": f"{2 * GIB_IN_KIB - 1}"})
    assert run(bare, PREFLIGHT).errors == {"n2": "KB-PREFLIGHT"}


def test_kubeadms_configuration_is_for_root_alone_as_it_may_hold_secrets(finished: FakeCluster):
    written = finished.hosts["m1"].files[KUBEADM_CONFIG]
    assert f"{written.mode:o}" == "600"
    written.mode = 0o644
    assert raise_errors(run(finished, UP)).changes == {"m1": [f"write {KUBEADM_CONFIG}"]}
    assert f"{finished.hosts['m1'].files[KUBEADM_CONFIG].mode:o}" == "600"


def test_a_kernel_without_the_control_groups_of_kubelet_is_refused(bare: FakeCluster):
    bare.hosts["n1"].answers["missing-control-groups"] = "cpuset\nmemory\n"
    told = run(bare, UP)
    assert "no control groups for cpuset and memory" in told.report.errors["n1"].what
    assert bare.hosts["n1"].mutations == []


def test_containers_may_share_a_product_uuid(bare: FakeCluster):
    for host in bare.hosts.values():
        host.facts["product_uuid"] = "same"
        host.answers["container"] = "systemd-nspawn\n"
    raise_errors(run(bare, UP[:1]))


def test_kube_proxy_in_another_mode_is_changed_and_asked(finished: FakeCluster):
    finished.spec = saying(finished.spec, "kubeProxy.mode")
    finished.proxy_mode = "iptables"
    told = raise_errors(run(finished, UP))
    assert told.changes == {"m1": ["set kube-proxy's mode to ipvs"]}
    assert finished.proxy_mode == "ipvs"
    assert "/run/k8sboot/kube-proxy.json" not in finished.hosts["m1"].files


@pytest.mark.parametrize("state", ["available", "missing", "unloadable"])
def test_kube_proxy_is_not_switched_while_a_machine_lacks_a_module(finished: FakeCluster, state):
    finished.spec = saying(finished.spec, "kubeProxy.mode")
    finished.proxy_mode = "iptables"
    finished.hosts["n1"].modules["ip_vs_rr"] = state
    told = run(finished, [phase for phase in UP if phase.name == "kube-proxy"])
    assert told.errors == {"m1": "KB-KUBE-PROXY-MODULES"}
    assert "n1 has not loaded ip_vs_rr" in told.report.errors["m1"].what
    assert finished.proxy_mode == "iptables"


def test_kube_proxy_waits_for_the_modules_of_every_machine(finished: FakeCluster):
    finished.spec = saying(finished.spec, "kubeProxy.mode")
    finished.proxy_mode = "iptables"
    finished.hosts["n1"].modules["ip_vs_rr"] = "available"
    raise_errors(run(finished, UP))
    assert finished.proxy_mode == "ipvs"


def test_a_machine_that_runs_another_mode_than_asked_is_an_error(finished: FakeCluster):
    finished.hosts["n1"].answers["proxy-mode"] = "iptables"
    finished.hosts["n1"].modules["ip_vs_sh"] = "missing"
    told = run(finished, [phase for phase in UP if phase.name == "kube-proxy-mode"])
    assert told.errors == {"n1": "KB-NOT-AS-WANTED"}
    assert "ip_vs_sh" in told.report.errors["n1"].why


def test_a_host_that_cannot_reach_the_endpoint_does_not_begin_to_join(bare: FakeCluster):
    run(bare, UP[: [p.name for p in UP].index("join-masters")])
    bare.hosts["n1"].answers["timeout 5 bash -c"] = (
        1,
        "",
        "bash: connect: Connection refused\nbash: line 1: /dev/tcp/192.0.2.1/6443: Connection refused\n",
    )
    bare.hosts["m1"].evidence = {
        "api": "ok",
        "master-filter": "unit nftables\nrule inet f: tcp dport 6443 reject\n",
    }
    told = run(bare, UP)
    assert told.errors == {"n1": "KB-FIREWALL"}
    error = told.report.errors["n1"]
    assert "rule inet f: tcp dport 6443 reject (nftables.service is active)" in error.why
    assert "systemctl disable --now nftables" in error.fix
    assert not [line for line in bare.hosts["n1"].commands if "kubeadm join" in line]
    assert "n2" in bare.members

"""A cluster, there and back, on real hosts: each test goes on from where the one before left the lab."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

import judged
import pytest
from engines import Engine, reported
from kubernetes_suite import PASSED, Suite
from on_lab import HOSTS, MASTER, Lab
from summaries import changed

from k8sboot.smoke.objects import FIRST_WITH_GRPC

NODE = "k8s-node02"
WOULD_CHANGE = 5
SMOKE_ROWS = 20
"""With every Kubernetes: what a minor lacks is a part of a row, which that row names."""
KUBELET = "Id=kubelet.service"
"""Started anew every few seconds until there is a cluster."""
TOKEN = re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b")


def test_a_plan_for_bare_hosts_alters_nothing(lab: Lab) -> None:
    before = lab.fingerprints()
    with lab.unwritten():
        done = lab.run("plan", "--exit-code", expect=WOULD_CHANGE)
    assert "kubeadm init" in done.stdout
    assert re.search(r"^\d+ changes on 3 hosts, \d+ things known only later$", done.stdout, re.MULTILINE)
    assert "dry run" in done.stderr
    assert lab.fingerprints() ^ before == set()


def test_a_plan_for_half_built_hosts_alters_nothing(lab: Lab, engine: Engine, plan_file: Path) -> None:
    lab.run("up", "--yes", "--to", "kube-packages")
    before = lab.fingerprints()
    with lab.unwritten():
        assert "nothing would change" in lab.run("plan", "--to", "kube-packages", "--exit-code").stdout
        done = lab.run("plan", "--exit-code", "--out", str(plan_file), expect=WOULD_CHANGE)
    assert engine.pull in done.stdout
    assert "join-nodes" in done.stdout
    assert plan_file.stat().st_mode & 0o777 == 0o600
    moved = lab.fingerprints() ^ before
    assert {line for line in moved if KUBELET not in line} == set()


def test_a_plan_is_refused_when_somebody_has_edited_a_host_since(lab: Lab, plan_file: Path) -> None:
    path = "/etc/sysctl.d/90-k8sboot.conf"
    lab.ssh(NODE, "sh", "-c", f"cp -p {path} /run/kept && echo vm.swappiness = 60 >> {path}")
    before = lab.fingerprints()
    done = lab.run("up", "--yes", "--plan", str(plan_file), expect=1)
    assert f"error[KB-PLAN-CHANGED] {NODE}: kernel: the plan of" in done.stderr
    assert f"not in the plan: write {path}" in done.stderr
    assert changed(done.stderr) == 0
    moved = lab.fingerprints() ^ before
    assert {line for line in moved if KUBELET not in line} == set()
    lab.ssh(NODE, "cp", "-p", "/run/kept", path)


def test_up_makes_three_ready_nodes_as_planned(lab: Lab, plan_file: Path) -> None:
    done = lab.run("up", "--yes", "--plan", str(plan_file))
    assert lab.ready_nodes() == set(HOSTS)
    pods = lab.kubectl("get", "pods", "-n", "kube-system", "--no-headers").splitlines()
    assert all(re.search(r"\s(\d+)/\1\s+Running", pod) for pod in pods), "\n".join(pods)
    assert not TOKEN.search(done.stdout + done.stderr)


def test_hosts_are_as_the_runbook_says(lab: Lab, engine: Engine) -> None:
    assert reported(lab) == {engine.name}
    for host in HOSTS:
        assert lab.ssh(host, "hostname").strip() == host
        assert engine.has_systemd_cgroups(lab, host)
        assert "kubelet" in lab.ssh(
            host, "sh", "-c", "if command -v yum; then yum versionlock list; else apt-mark showhold; fi"
        )
        assert lab.ssh(host, "swapon", "--show", "--noheadings") == ""
        assert lab.ssh(host, "readlink", "-f", "/etc/localtime").strip().endswith("Asia/Shanghai")
    assert "cluster-cidr=172.16.0.0/16" in lab.ssh(
        MASTER, "cat", "/etc/kubernetes/manifests/kube-controller-manager.yaml"
    )
    assert "172.16.0.0/16" in lab.kubectl(
        "-n", "kube-system", "get", "daemonset", "calico-node", "-o", "yaml"
    )


def test_kubectl_works_for_the_one_who_logs_in(lab: Lab) -> None:
    assert "Ready" in lab.ssh(MASTER, "env", "-u", "KUBECONFIG", "HOME=/root", "kubectl", "get", "nodes")


def test_metrics_are_there(lab: Lab) -> None:
    assert NODE in lab.kubectl("top", "nodes")


def test_the_smoke_test_passes_and_leaves_nothing(
    lab: Lab, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    minor = int(request.config.getoption("--kubernetes").partition(".")[2])
    junit = tmp_path / "junit.xml"
    done = lab.run("smoke", "-o", "json", "--junit", str(junit))
    rows = {row["row"]: row for row in json.loads(done.stdout)["rows"]}
    assert len(rows) == SMOKE_ROWS
    assert {row["outcome"] for row in rows.values()} == {"passed"}, done.stdout
    assert f'tests="{SMOKE_ROWS}" failures="0"' in junit.read_text()
    for name in ("probes", "liveness"):
        tried, _, _ = rows[name]["seen"].partition(": ")
        kinds = {"exec", "http", "tcp", *(("grpc",) if minor >= FIRST_WITH_GRPC else ())}
        assert set(tried.split(", ")) == kinds, rows[name]["seen"]
    assert "k8sboot-smoke" not in lab.kubectl("get", "namespaces")
    for host in HOSTS:
        assert "k8sboot-smoke" not in lab.ssh(host, "ls", "/etc/kubernetes/manifests", check=False)


def test_no_join_token_is_left(lab: Lab) -> None:
    assert "k8sboot: join" not in lab.run("token", "list").stdout


def test_second_up_changes_nothing(lab: Lab) -> None:
    before = lab.fingerprints()
    done = lab.run("up", "--yes")
    assert changed(done.stderr) == 0
    assert lab.fingerprints() ^ before == set()


def test_a_plan_for_a_finished_cluster_has_nothing_in_it(lab: Lab) -> None:
    before = lab.fingerprints()
    with lab.unwritten():
        done = lab.run("plan", "--exit-code")
    assert done.stdout.splitlines()[-1] == "nothing would change"
    assert "0 would change" in done.stderr
    assert lab.fingerprints() ^ before == set()


def test_tests_of_kubernetes_pass(suite: Suite, lab: Lab, tmp_path: Path) -> None:
    ran = suite.run(lab, judged.TESTS, tmp_path, at_once=6, seconds=600)
    assert set(ran) == set(judged.TESTS)
    assert {name: of for name, of in ran.items() if of.state != PASSED} == {}


def test_a_broken_file_is_repaired_alone(lab: Lab) -> None:
    path = "/etc/modules-load.d/k8sboot.conf"
    wanted = lab.ssh("k8s-node01", "cat", path)
    lab.ssh("k8s-node01", "sh", "-c", f"echo broken >> {path}")
    before = lab.fingerprints((MASTER, NODE))
    done = lab.run("up", "--yes")
    assert changed(done.stderr) == 1
    assert lab.ssh("k8s-node01", "cat", path) == wanted
    assert lab.fingerprints((MASTER, NODE)) ^ before == set()


def test_phase_calico_alone(lab: Lab) -> None:
    lab.kubectl("-n", "kube-system", "delete", "deployment", "calico-kube-controllers")
    assert changed(lab.run("phase", "calico").stderr) == 1
    assert "calico-kube-controllers" in lab.kubectl("-n", "kube-system", "get", "deployments")


def test_one_node_is_reset_and_leaves_the_cluster(lab: Lab) -> None:
    lab.run("reset", "--limit", NODE, "--yes")
    assert NODE not in lab.kubectl("get", "nodes")
    assert lab.ready_nodes() >= {MASTER, "k8s-node01"}
    assert (
        lab.ssh(NODE, "sh", "-c", "ls /etc/kubernetes/*.conf /etc/cni/net.d/* 2>/dev/null", check=False) == ""
    )


def test_the_line_of_token_new_joins_a_machine(lab: Lab) -> None:
    done = lab.run("token", "new", "--ttl", "15m")
    line = done.stdout.strip()
    assert line.startswith("kubeadm join ")
    assert line.count("\n") == 0
    assert not TOKEN.search(done.stderr)
    lab.ssh(NODE, *line.split())
    lab.wait_for_ready(HOSTS)


def test_up_brings_a_reset_node_back(lab: Lab) -> None:
    lab.run("reset", "--limit", NODE, "--yes")
    lab.run("up", "--yes", "--limit", NODE)
    assert lab.ready_nodes() == set(HOSTS)


def test_reset_takes_everything_back_and_twice_is_once(lab: Lab, engine: Engine) -> None:
    lab.run("reset", "--yes")
    for host in HOSTS:
        left = lab.ssh(
            host,
            "sh",
            "-c",
            "ls -d /etc/kubernetes/*.conf /var/lib/etcd/member /etc/cni/net.d/* 2>/dev/null; true",
        )
        assert left == "", host
        assert "kube-apiserver" not in engine.running(lab, host)
    assert changed(lab.run("reset", "--yes").stderr) == 0


SQUATTER = "TCP-LISTEN:10259,reuseaddr,fork"
"""reuseaddr: connections to the scheduler of the cluster that was there keep its port for a minute."""


def test_a_failure_names_its_cause_and_keeps_the_evidence(lab: Lab) -> None:
    """Whose port it is kubeadm does not say; socat is one of the runbook's tools."""
    lab.ssh(MASTER, "systemd-run", "--quiet", "--unit=squatter", "socat", SQUATTER, "EXEC:cat")
    lab.ssh(MASTER, "timeout", "20", "sh", "-c", "until ss -ltn | grep -q :10259; do sleep 0.2; done")
    try:
        done = lab.run("phase", "kubeadm-config", "kubeadm-init", expect=1)
    finally:
        lab.ssh(MASTER, "systemctl", "stop", "squatter")
    assert f"error[KB-PORT-BUSY] {MASTER}: kubeadm init: failed" in done.stderr
    assert re.search(r"why: port 10259, which Kubernetes needs, is in use by socat \(pid \d+\)", done.stderr)
    (path,) = re.findall(r"^  evidence: (.+)$", done.stderr, re.MULTILINE)
    assert "==== kubelet-unit" in Path(path).read_text()
    assert "port" in lab.run("explain", "KB-PORT-BUSY").stdout


def test_a_run_killed_during_kubeadm_init_is_finished_by_the_next(lab: Lab) -> None:
    log = lab.state / "killed.log"
    with log.open("w") as file:
        run = subprocess.Popen(lab.k8sboot("up", "--yes"), stderr=file, stdout=file, env=lab.environment)
    deadline = time.monotonic() + 900
    while "kubeadm init ..." not in log.read_text():
        assert run.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    time.sleep(3)
    run.kill()
    run.wait()
    lab.run("up", "--yes")
    assert lab.ready_nodes() == set(HOSTS)
    assert changed(lab.run("up", "--yes").stderr) == 0


MADE_FOR_PACKAGES = re.compile(
    r"""
      /etc/(passwd|group|shadow|gshadow)-?              # users and groups that packages have
    | /etc/(ld\.so\.cache|alternatives/.*)              # ldconfig, update-alternatives
    | /etc/rc[0-6S]\.d/.* | /etc/rc\.d/.*               # their init scripts
    | /etc/systemd/system/(.*\.wants/.*|[^/]*\.service) # their units at boot, and their units' other names
    | /etc/chrony/chrony\.(conf|keys) | /etc/chrony\.(conf|keys)
    | /etc/(ipvsadm\.rules|apparmor\.d/local/.*|docker/key\.json)
    | /etc/sysconfig/kubelet\.rpmnew                    # rpm lays it beside what was there before the package
    | /etc/containerd/config\.toml\.(dpkg-dist|rpmnew)  # so do dpkg, and rpm here
    | /etc/yum/pluginconf\.d/versionlock\.(conf|list)
    | /etc/pki/.*/java/cacerts | /etc/(ssl/certs|ca-certificates\.conf).*
    """,
    re.VERBOSE,
)
"""Packages stay, and their scripts make these without owning them. What they own is known to the package manager."""


def differences(lab: Lab, host: str, before: dict[str, str]) -> dict[str, tuple[str | None, str | None]]:
    """What is not as it was on a host, but for what packages have brought: their files, their units."""
    now = lab.system(host)
    differing = {name for name in {*before, *now} if before.get(name) != now.get(name)}
    new = differing - before.keys()
    passed = {name for name in differing if MADE_FOR_PACKAGES.fullmatch(name)}
    passed |= {name for name in new if name.startswith(("at boot ", "runs "))}
    passed |= lab.owned(host, sorted(name for name in new - passed if name.startswith("/")))
    return {name: (before.get(name), now.get(name)) for name in differing - passed}


def test_restore_os_makes_the_hosts_what_they_were(lab: Lab, bare: dict[str, dict[str, str]]) -> None:
    done = lab.run("reset", "--restore-os", "--yes")
    assert "was not restored" not in done.stderr
    assert {host: strange for host in HOSTS if (strange := differences(lab, host, bare[host]))} == {}
    for host in HOSTS:
        assert (
            lab.ssh(
                host, "find", "/var/lib", "-path", "*/k8sboot/original", "-o", "-path", "*/k8sboot/former"
            )
            == ""
        )
    again = lab.run("reset", "--restore-os", "--yes")
    assert changed(again.stderr) == 0
    assert "nothing to restore" in again.stderr


def test_no_secret_is_in_any_log(lab: Lab) -> None:
    password = (Path(lab.inventory).parent / "ops-password").read_text().strip()
    logs = [path.read_text() for path in lab.state.rglob("*") if path.is_file()]
    assert logs
    for text in logs:
        assert password not in text
        assert not TOKEN.search(text)
        assert "PRIVATE KEY" not in text

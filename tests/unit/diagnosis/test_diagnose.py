"""A phase that failed on a host: what is asked, and what the error says then."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from fake_cluster import FakeCluster
from inventories import spec
from runs import Told, run

from k8sboot.diagnosis import diagnose
from k8sboot.diagnosis.diagnose import Diagnosis
from k8sboot.diagnosis.finding import Catalogue, Finding
from k8sboot.diagnosis.script import Scope
from k8sboot.errors import ConnectionLost, Refused, StepFailed
from k8sboot.events import Event, Evidence, Failed, PhaseStarted, Skipped, Working
from k8sboot.inventory.runtime_settings import RuntimeSettings
from k8sboot.phase import first_master, nodes, phase
from k8sboot.runbook import UP

pytestmark = pytest.mark.usefixtures("clock")

SWAP = (
    "F1 server.go:269] failed to run Kubelet: running with swap on is not supported\nkubelet.service: Failed"
)
TIMED_OUT = "[kubelet-check] It seems like the kubelet isn't running or healthy.\ntimed out waiting for the condition\n"
NOT_READY = (
    "m1|Ready=True: ok\nn1|DiskPressure=False: ok|Ready=False: network plugin is not ready: cni config"
)


def failing(error: Exception, *, on=first_master, how: Diagnosis | None = diagnose.NODES):
    """A phase that fails so, on one host of those that it is for."""

    @phase(on=on, diagnosis=how)
    def fails(cluster, host) -> None:
        """Fail."""
        if host.name in ("m1", "n1"):
            raise error

    return fails


def evidence(told: Told) -> dict[str, str]:
    return {event.host: event.text for event in told.events if isinstance(event, Evidence)}


def test_kubeadm_that_timed_out_is_not_the_last_word(bare: FakeCluster):
    host = bare.hosts["m1"]
    host.answers["kubeadm init"] = (1, TIMED_OUT, "")
    host.evidence = {
        "kubelet-errors": SWAP,
        "swaps": "Filename Type Size Used Priority\n/dev/dm-1 partition 9 0 -2\n",
    }
    error = run(bare, UP).report.errors["m1"]
    assert error.error_code == "KB-SWAP"
    assert error.what == "kubeadm init: failed"
    first, *rest = error.why.splitlines()
    assert first == "kubelet does not start because swap is on (/dev/dm-1)"
    assert rest[-1].startswith("reported as: `kubeadm init ")
    assert error.fix.startswith("run `k8sboot phase os-prep`, which turns swap off")
    assert error.detail.splitlines()[-1] == "timed out waiting for the condition"


def test_what_is_not_known_stays_as_it_was(bare: FakeCluster):
    bare.hosts["m1"].answers["kubeadm init"] = (1, TIMED_OUT, "")
    error = run(bare, UP).report.errors["m1"]
    assert error.error_code == "KB-COMMAND"
    assert error.why.startswith("`kubeadm init ")


def test_evidence_is_told_before_the_failure_and_what_goes_on_is_said(bare: FakeCluster):
    bare.hosts["m1"].evidence = {"swaps": "none\n", "unasked": "x"}
    told = run(bare, [failing(StepFailed("no", detail="said this"))])
    events: list[Event] = [e for e in told.events if isinstance(e, Working | Evidence | Failed)]
    assert [type(event) for event in events] == [Working, Evidence, Failed]
    assert {(event.host, event.phase) for event in events} == {("m1", "fails")}
    assert "==== swaps\nnone\n" in evidence(told)["m1"]
    assert "said this" in evidence(told)["m1"]
    assert "unasked" not in evidence(told)["m1"]


def test_all_that_a_command_said_is_looked_at_and_the_end_of_it_shown(bare: FakeCluster):
    words = "[ERROR FileExisting-conntrack]: conntrack not found in system path\n" + "more\n" * 200
    bare.hosts["m1"].answers["kubeadm init"] = (1, words, "")
    error = run(bare, UP).report.errors["m1"]
    assert error.error_code == "KB-TOOL-MISSING"
    assert error.detail == "\n".join(["more"] * 25)


def test_other_findings_are_named_with_their_codes(bare: FakeCluster):
    bare.hosts["m1"].evidence = {"kubelet-errors": SWAP, "oom": "Out of memory: Killed process 7 (etcd) x"}
    error = run(bare, [failing(StepFailed("no"))]).report.errors["m1"]
    assert error.error_code == "KB-OUT-OF-MEMORY"
    assert error.why.splitlines()[1] == "also: kubelet does not start because swap is on [KB-SWAP]"


@pytest.mark.parametrize(
    "error",
    [Refused("no", why="that is why"), ConnectionLost("gone"), StepFailed("no", code="KB-DNS-ANSWER")],
    ids=["refused", "lost", "its own code"],
)
def test_an_error_with_a_reason_of_its_own_is_left_alone(bare: FakeCluster, error):
    code, why = error.error_code, error.why
    bare.hosts["m1"].evidence = {"kubelet-errors": SWAP}
    told = run(bare, [failing(error)])
    assert evidence(told) == {}
    assert (told.errors["m1"], told.report.errors["m1"].why) == (code, why)


def test_a_phase_without_an_autopsy_asks_nothing(bare: FakeCluster):
    told = run(bare, [failing(StepFailed("no"), how=None)])
    assert evidence(told) == {}
    assert "evidence" not in bare.hosts["m1"].runs


def test_a_dry_run_asks_nothing(bare: FakeCluster):
    told = run(bare, [failing(StepFailed("no"))], is_dry=True)
    assert told.errors == {"m1": "KB-STEP"}
    assert "evidence" not in bare.hosts["m1"].runs


def test_a_package_manager_is_understood_without_asking_the_host(bare: FakeCluster):
    gone = "E: The repository 'http://mirror.example.com/docker bookworm Release' does not have a Release file.\n"
    bare.hosts["n1"].answers["apt-get -o DPkg::Lock::Timeout=600"] = (100, "", gone)
    told = run(bare, [p for p in UP if p.name in ("os-packages",)])
    error = told.report.errors["n1"]
    assert error.error_code == "KB-REPOSITORY-404"
    assert "http://mirror.example.com/docker bookworm Release" in error.why
    assert evidence(told) == {}


def test_what_an_event_tells_is_told_of_the_host_where_it_is(bare: FakeCluster):
    said = 'exec: "runc": executable file not found in $PATH'
    bare.spec = replace(bare.spec, runtime=RuntimeSettings(name="containerd"))
    bare.hosts["m1"].evidence = {
        "conditions": NOT_READY,
        "events": f"Warning Pod x FailedCreatePodSandBox {said}",
    }
    bare.hosts["n1"].evidence = {"kubelet-errors": f'E1 x] "RunPodSandbox failed" err="{said}"'}
    error = run(bare, [failing(StepFailed("no"))]).report.errors["m1"]
    assert error.why.splitlines()[0].startswith("on n1: containerd starts no container: the program runc")
    bare.hosts["n1"].evidence = {}
    error = run(bare, [failing(StepFailed("no"))]).report.errors["m1"]
    assert error.why.splitlines()[0].startswith("containerd starts no container: the program runc")


def test_a_joining_machine_is_looked_at_with_what_the_master_knows(bare: FakeCluster):
    bare.hosts["m1"].evidence = {"swaps": "the master's\n", "requests": "csr-1   5m   x\n"}
    bare.hosts["n1"].evidence = {"swaps": "the node's\n"}
    told = run(bare, [failing(StepFailed("no"), on=nodes)])
    text = evidence(told)["n1"]
    assert "the node's" in text
    assert "csr-1" in text
    assert "the master's" not in text


def test_machines_that_the_cluster_calls_unwell_are_looked_at_too(bare: FakeCluster):
    bare.hosts["m1"].evidence = {"conditions": NOT_READY}
    bare.hosts["n1"].evidence = {"kubelet-errors": 'failed pulling image "r/pause:3.2": connection refused'}
    told = run(bare, [failing(StepFailed("not ready", why="n1: NotReady"))])
    error = told.report.errors["m1"]
    assert set(evidence(told)) == {"m1", "n1"}
    assert error.error_code == "KB-IMAGE-SANDBOX"
    assert error.why.startswith("on n1: the pause image r/pause:3.2")
    assert error.fix.startswith("on n1: make `docker pull")
    assert error.witnesses == ("m1", "n1")


def test_at_most_three_others_are_looked_at():
    cluster = FakeCluster(spec(nodes=8))
    pod = "kube-system   calico-node-{0}   0/1   Running   0   9m   10.0.0.9   n{0}   <none>   <none>"
    cluster.hosts["m1"].evidence = {"pods": "\n".join(pod.format(i) for i in range(1, 9))}
    told = run(cluster, [failing(StepFailed("no"))])
    assert len(evidence(told)) == 4


def test_a_pod_without_a_machine_and_a_ready_one_point_at_nobody(bare: FakeCluster):
    bare.hosts["m1"].evidence = {
        "pods": "kube-system   a   0/1   Pending   0   9m   <none>   <none>   <none>   <none>\n"
        "kube-system   b   1/1   Running   0   9m   10.0.0.9   n1   <none>   <none>"
    }
    assert set(evidence(run(bare, [failing(StepFailed("no"))]))) == {"m1"}


def test_a_host_that_does_not_answer_keeps_its_error(bare: FakeCluster, monkeypatch):
    real = bare.hosts["m1"].run

    def silent(script, *, timeout):
        if isinstance(script, Scope):
            assert timeout <= 120
            raise ConnectionLost("the SSH connection died during a command", host="m1")
        return real(script, timeout=timeout)

    monkeypatch.setattr(bare.hosts["m1"], "run", silent)
    told = run(bare, [failing(StepFailed("no", why="because"))])
    assert told.errors == {"m1": "KB-STEP"}
    assert told.report.errors["m1"].why == "because"
    assert told.codes == ["KB-EVIDENCE"]


def test_a_cause_that_stumbles_does_not_hide_the_failure(bare: FakeCluster):
    def stumble(_evidence) -> Finding:
        raise ZeroDivisionError("surprise")

    told = run(bare, [failing(StepFailed("no"), how=Diagnosis(Catalogue(((stumble,),))))])
    assert told.errors == {"m1": "KB-STEP"}
    assert told.codes == ["KB-EVIDENCE"]


def test_nothing_new_starts_while_a_masters_failure_is_looked_into(bare: FakeCluster):
    looking, decided, begun = threading.Event(), threading.Event(), threading.Barrier(3, timeout=30)

    def look(_evidence) -> None:
        looking.set()
        assert decided.wait(30)

    @phase(on=nodes)
    def first(cluster, host) -> None:
        """Last until the failure is being looked into."""
        begun.wait()
        assert looking.wait(30)

    @phase(on=nodes)
    def second(cluster, host) -> None:
        """Come next."""

    def listen(event: Event) -> None:
        if event.phase == "second" and isinstance(event, Skipped | PhaseStarted):
            decided.set()

    @phase(on=first_master, diagnosis=Diagnosis(Catalogue(((look,),)), gathers=False))
    def fails(cluster, host) -> None:
        """Fail when the others are at work."""
        begun.wait()
        raise StepFailed("no")

    told = run(bare, [fails, first, second], listener=listen)
    assert told.errors == {"m1": "KB-STEP"}
    assert sorted(told.skipped) == ["n1 second: m1 failed in fails", "n2 second: m1 failed in fails"]


def test_registries_are_those_that_the_inventory_names():
    mirrors = ("https://mirror.example.com/x", "http://10.0.0.1:5000")
    wanted = replace(spec(), runtime=RuntimeSettings(registry_mirrors=mirrors))
    first, *others = diagnose.registries(wanted)
    assert first == wanted.cluster.image_repository.partition("/")[0]
    assert others == ["mirror.example.com", "10.0.0.1:5000"]

"""kubelet's environment on a host that has one: an operator's flags stay, k8sboot's can be taken back."""

from __future__ import annotations

import dataclasses

import pytest
from fake_cluster import FakeCluster
from fake_state import FakeFile
from inventories import spec
from runs import mutations, raise_errors, run

from k8sboot.desired import kept
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.kubelet_flags import kubelet_flags, with_flags
from k8sboot.phases.preflight import preflight
from k8sboot.runbook import UP

PATH = "/etc/default/kubelet"
OWN = '# mine\nKUBELET_EXTRA_ARGS="--node-labels=disk=ssd --max-pods 200"\nKUBELET_LOG=1\n'
N1_IP = "--node-ip=192.0.2.2"


def wanting(**settings: object) -> Spec:
    """The inventory with settings of n1."""
    made = spec()
    first = dataclasses.replace(made.nodes[0], **settings)
    return dataclasses.replace(made, nodes=(first, *made.nodes[1:]))


def again(cluster: FakeCluster, wanted: Spec) -> str:
    cluster.spec = wanted
    raise_errors(run(cluster, UP))
    assert raise_errors(run(cluster, UP)).changes == {}
    return cluster.hosts["n1"].text(PATH)


def test_an_operators_flags_and_lines_stay_and_ours_are_added(bare):
    host = bare.hosts["n1"]
    host.files[PATH] = FakeFile(OWN.encode(), 0o640, "root:adm")
    text = again(bare, spec())
    assert (
        text == f"# mine\nKUBELET_EXTRA_ARGS='--node-labels=disk=ssd --max-pods 200 {N1_IP}'\nKUBELET_LOG=1\n"
    )
    assert (host.files[PATH].mode, host.files[PATH].owner) == (0o640, "root:adm")
    host.clear()
    raise_errors(run(bare, UP))
    assert host.runs == ["probe"]


def test_a_flag_taken_back_goes_and_an_operators_stays(bare):
    bare.hosts["n1"].put(PATH, OWN)
    before = again(bare, spec())
    text = again(bare, wanting(kubelet_extra_args={"v": "4", "max-pods": "200"}))
    assert f"--max-pods 200 {N1_IP} --v=4'" in text
    assert again(bare, spec()) == before


def test_an_inventorys_flags_are_written_where_nobody_has_any_and_restart_kubelet(finished):
    finished.spec = wanting(kubelet_extra_args={"v": "4"})
    plain = finished.hosts["n1"].text(PATH)
    told = raise_errors(run(finished, UP))
    assert told.changes == {"n1": [f"write {PATH}", "restart kubelet.service"]}
    assert f"'{N1_IP} --v=4'" in finished.hosts["n1"].text(PATH)
    assert again(finished, spec()) == plain


def test_a_flag_added_by_hand_stays_however_often_k8sboot_writes(finished):
    host = finished.hosts["n1"]
    host.put(PATH, host.text(PATH).replace(N1_IP, f"'{N1_IP} --max-pods=99'"))
    for level in ("4", "5"):
        assert f"--max-pods=99 {N1_IP} --v={level}'" in again(
            finished, wanting(kubelet_extra_args={"v": level})
        )
    assert f"'--max-pods=99 {N1_IP}'" in again(finished, spec())


def test_a_flag_of_k8sboot_that_was_changed_is_repaired(finished):
    wanted = wanting(kubelet_extra_args={"v": "4"})
    before = again(finished, wanted)
    finished.hosts["n1"].put(PATH, before.replace("--v=4", "--v=9"))
    assert again(finished, wanted) == before


def test_a_file_with_all_that_is_needed_keeps_its_bytes(bare):
    text = f'export A=1\n KUBELET_EXTRA_ARGS = "--v=2   {N1_IP}"'
    bare.hosts["n1"].put(PATH, text)
    assert again(bare, spec()) == text


def test_the_empty_file_of_a_package_is_replaced(bare):
    bare.hosts["n1"].put(PATH, "KUBELET_EXTRA_ARGS=\n")
    assert "Managed by k8sboot" in again(bare, spec())


@pytest.mark.parametrize(
    ("args", "settings", "words"),
    [
        ("--node-ip=10.9.9.9", {}, ("--node-ip=10.9.9.9", N1_IP)),
        ("--node-ip 10.9.9.9", {}, ("--node-ip 10.9.9.9", N1_IP)),
        ("--cgroup-driver=cgroupfs", {}, ("cgroupfs", "--cgroup-driver=systemd")),
        ("--hostname-override=x", {}, ("--hostname-override=x", "--hostname-override=n1")),
        ("--max-pods=10", {"kubelet_extra_args": {"max-pods": "99"}}, ("--max-pods=10", "--max-pods=99")),
        ("--node-labels=a=1,disk=hdd", {"labels": {"disk": "ssd"}}, ("disk=hdd", "labels: {disk: ssd}")),
        ('"--v=2', {}, ("quotation",)),
    ],
)
@pytest.mark.parametrize("is_dry", [True, False])
def test_a_contradiction_is_refused_with_both_before_anything_is_altered(bare, args, settings, words, is_dry):
    bare.spec = wanting(**settings)
    bare.hosts["n1"].put(
        PATH, f"KUBELET_EXTRA_ARGS={args}\n" if '"' in args else f'KUBELET_EXTRA_ARGS="{args}"\n'
    )
    told = run(bare, UP, is_dry=is_dry)
    assert told.errors == {"n1": "KB-KUBELET-CONFLICT"}
    for word in words:
        assert word in told.report.errors["n1"].why.lower() + told.report.errors["n1"].why
    assert "n1" not in mutations(bare)


def test_flags_are_read_as_systemd_reads_them():
    found = kubelet_flags('KUBELET_EXTRA_ARGS=--a\nKUBELET_EXTRA_ARGS="--b=1 \\\n -c d" --e\n')
    assert [(each.name, each.value) for each in found or ()] == [("b", "1"), ("c", "d"), ("e", None)]
    assert kubelet_flags("#KUBELET_EXTRA_ARGS=--a\n") is None


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("", "X\n"),
        ("A=1", "A=1\nX\n"),
        ("A=1\nKUBELET_EXTRA_ARGS=--a\nB=2\n", "A=1\nX\nB=2\n"),
        ("KUBELET_EXTRA_ARGS=--a\nB=2\nKUBELET_EXTRA_ARGS=--c \\\n--d\n", "B=2\nX\n"),
    ],
)
def test_the_assignment_is_replaced_where_it_counts(text, then):
    assert with_flags(text, "X\n") == then


def test_a_flag_with_which_kubelet_does_not_start_is_refused_by_name_and_release(bare, monkeypatch):
    monkeypatch.setattr(kept, "refuse_unsupported", lambda _cluster: None)
    bare.hosts["n1"].put(PATH, 'KUBELET_EXTRA_ARGS="--pod-infra-container-image=x/pause --v 2"\n')
    for version, errors in (("v1.34.4", {}), ("v1.35.4", {"n1": "KB-KUBELET-CONFLICT"})):
        cluster = dataclasses.replace(bare.spec.cluster, kubernetes_version=version)
        bare.spec = dataclasses.replace(bare.spec, cluster=cluster)
        told = run(bare, [preflight])
        assert told.errors == errors
    assert "with which kubelet does not start since 1.35: remove it" in told.report.errors["n1"].why
    assert mutations(bare) == {}

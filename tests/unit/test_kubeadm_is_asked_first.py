"""kubeadm checks its files before init and join, where the release can; others' eyes on admin.conf are told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_cluster import FakeCluster
from inventories import spec
from runs import raise_errors, run

from k8sboot.events import Notice
from k8sboot.kubernetes import releases
from k8sboot.kubernetes.paths import ADMIN_CONF, SUPER_ADMIN_CONF
from k8sboot.paths import JOIN_CONFIG, KUBEADM_CONFIG, UNFINISHED
from k8sboot.phases.kubeconfig import kubeconfig
from k8sboot.runbook import UP

VALIDATE = "kubeadm config validate"
UNKNOWN = 'strict decoding error: unknown field "certificateDir"'


def with_rows(monkeypatch: pytest.MonkeyPatch, **fields: object) -> None:
    """The fake cluster's release, as if it were a later one in these respects."""
    rows = (replace(row, **fields) for row in releases.RELEASES)
    monkeypatch.setattr(releases, "RELEASES", tuple(rows))


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> FakeCluster:
    with_rows(monkeypatch, has_config_validate=True)
    return FakeCluster(spec())


def kubeadms(cluster: FakeCluster, host: str) -> list[str]:
    """What kubeadm was asked there, up to its file."""
    asked = (line for line in cluster.hosts[host].events if line.startswith("kubeadm "))
    return [line.partition(" --upload")[0] for line in asked if " config images" not in line]


def test_kubeadm_reads_the_file_before_init_and_before_join(bare: FakeCluster):
    raise_errors(run(bare, UP))
    init = f"kubeadm init --config {KUBEADM_CONFIG}"
    asked = kubeadms(bare, "m1")
    assert asked.index(f"{VALIDATE} --config {KUBEADM_CONFIG}") < asked.index(init)
    assert kubeadms(bare, "n1") == [
        f"{VALIDATE} --config {JOIN_CONFIG}",
        f"kubeadm join --config {JOIN_CONFIG}",
    ]


@pytest.mark.parametrize(("host", "undone"), [("m1", "kubeadm init"), ("n1", "kubeadm join")])
def test_what_it_refuses_is_told_in_its_words_and_goes_no_further(bare: FakeCluster, host, undone):
    bare.hosts[host].answers[VALIDATE] = (1, "", UNKNOWN)
    told = run(bare, UP)
    error = told.report.errors[host]
    assert "certificateDir" in f"{error} {error.detail}"
    assert not [line for line in bare.hosts[host].events if line.startswith(undone)]
    assert UNFINISHED not in bare.hosts[host].files


def test_an_admins_kubeconfig_that_others_may_read_is_told_and_left(finished: FakeCluster, monkeypatch):
    with_rows(monkeypatch, has_super_admin=True)
    host = finished.hosts["m1"]
    host.put(SUPER_ADMIN_CONF, "super")
    for path in (ADMIN_CONF, SUPER_ADMIN_CONF):
        host.files[path].mode = 0o600
    assert _told(finished) == []
    for path in (ADMIN_CONF, SUPER_ADMIN_CONF):
        host.files[path].mode = 0o644
    assert [text.partition(" ")[0] for text in _told(finished)] == [ADMIN_CONF, SUPER_ADMIN_CONF]
    assert "super" not in host.text("/root/.kube/config")


def _told(cluster: FakeCluster) -> list[str]:
    ran = raise_errors(run(cluster, [kubeconfig]))
    assert ran.changes == {}
    return [e.text for e in ran.events if isinstance(e, Notice) and e.code == "KB-ADMIN-CONF-OPEN"]

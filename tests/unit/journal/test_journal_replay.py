"""The journal alone tells what a run's report tells."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_cluster import FakeCluster
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from inventories import spec
from runs import run

from k8sboot.errors import Unreachable
from k8sboot.journal.summary import RunSummary, parse, summary_of
from k8sboot.journal.writer import Journal
from k8sboot.runbook import UP
from k8sboot.text.redact import Redactor

pytestmark = pytest.mark.usefixtures("clock")

HOSTS = ("m1", "m2", "n1", "n2")
A_FEW = settings.default.max_examples // 5  # each is a whole run
BREAKS = ("kubeadm join", "kubeadm init", "docker pull", "modprobe", "hostnamectl", "apt-get")


def replayed(log: Journal) -> RunSummary:
    log.close()
    assert log.trouble == ""
    return summary_of(parse(Path(log.path).read_text().splitlines()))


@given(
    dead=st.sets(st.sampled_from(HOSTS), max_size=2),
    broken=st.sets(st.tuples(st.sampled_from(HOSTS), st.sampled_from(BREAKS)), max_size=3),
    is_dry=st.booleans(),
    end=st.integers(1, len(UP)),
)
@settings(
    max_examples=A_FEW, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_replaying_the_journal_gives_the_reports_changes_and_errors(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, dead, broken, is_dry, end
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    cluster = FakeCluster(spec(masters=2, nodes=2))
    for host, command in broken:
        cluster.hosts[host].answers[command] = (1, "", "it is broken\n")
    log = Journal("c", Redactor())
    away = {name: Unreachable("nothing answers") for name in dead}
    told = run(cluster, UP[:end], is_dry=is_dry, dead=away, witness=log)
    story = replayed(log)
    assert story.changes == {name: count for name, count in told.report.changes.items() if count}
    assert {e["host"]: (e["code"], e["what"], e["why"]) for e in story.errors} == {
        name: (error.error_code, error.what, error.why) for name, error in told.report.errors.items()
    }
    assert story.has_ended
    assert story.under_way == {}
    assert set(told.report.errors) <= set(story.unfinished)

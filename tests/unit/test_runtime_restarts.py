"""A runtime that runs containers of others is not restarted unless the inventory allows it."""

from __future__ import annotations

import dataclasses
import json

import pytest
from fake_cluster import FakeCluster
from fake_state import FakeUnit
from inventories import spec
from runs import mutations, raise_errors, run

from k8sboot.inventory.runtime_settings import RuntimeSettings
from k8sboot.paths import RESTART_DIR
from k8sboot.runbook import UP

DAEMON_JSON = "/etc/docker/daemon.json"


def owned(answer: object, **settings: object) -> FakeCluster:
    """A cluster to be made of hosts of which one runs Docker with somebody's containers."""
    cluster = FakeCluster(dataclasses.replace(spec(), runtime=RuntimeSettings(**settings)))
    host = cluster.hosts["n1"]
    host.units["docker.service"] = FakeUnit("active", "enabled")
    host.put(DAEMON_JSON, '{"debug": true}')
    host.answers["runtime-bystanders"] = answer
    return cluster


@pytest.mark.parametrize("is_dry", [True, False])
def test_containers_of_others_are_named_before_anything_is_altered(is_dry):
    cluster = owned("db\nweb\n")
    told = run(cluster, UP, is_dry=is_dry)
    assert told.errors == {"n1": "KB-RUNTIME-RESTART"}
    error = told.report.errors["n1"]
    assert "db, web" in error.why
    assert "runtime.allowRestart" in error.fix
    assert "n1" not in mutations(cluster)


def test_a_runtime_that_does_not_answer_is_not_restarted():
    told = run(owned((124, "", "")), UP)
    assert told.errors == {"n1": "KB-RUNTIME-RESTART"}
    assert "does not answer" in told.report.errors["n1"].why


@pytest.mark.parametrize(("answer", "settings"), [("db\n", {"allow_restart": True}), ("", {})])
def test_where_it_is_allowed_or_nothing_stops_the_host_becomes_a_node(answer, settings):
    cluster = owned(answer, **settings)
    raise_errors(run(cluster, UP))
    assert json.loads(cluster.hosts["n1"].text(DAEMON_JSON))["debug"] is True
    for host in cluster.hosts.values():
        host.clear()
    again = raise_errors(run(cluster, UP))
    assert again.changes == {}
    assert [cluster.hosts[name].runs for name in ("n1", "n2")] == [["probe"], ["probe"]]


CAUSES = {
    "a file": lambda host: host.put("/etc/systemd/system/docker.service.d/k8sboot-limits.conf", "other"),
    "a run that was cut": lambda host: host.put(f"{RESTART_DIR}/docker.service", ""),
    "a package": lambda host: host.packages.update({"docker-ce": "5:19.03.1~3-0"}),
    "a unit that is not enabled": lambda host: setattr(host.units["docker.service"], "enabled", "disabled"),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_on_a_member_whatever_restarts_it_is_refused_at_the_start(finished: FakeCluster, cause):
    host = finished.hosts["n1"]
    host.answers["runtime-bystanders"] = "db\n"
    assert raise_errors(run(finished, UP)).changes == {}
    CAUSES[cause](host)
    told = run(finished, UP)
    assert told.errors == {"n1": "KB-RUNTIME-RESTART"}
    assert told.changes == {}

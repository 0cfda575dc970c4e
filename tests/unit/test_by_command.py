"""What needs a command of its own is refused before anything changes; what does not happen is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from fake_cluster import FakeCluster
from inventories import saying
from runs import mutations, run

from k8sboot.kubernetes.paths import APISERVER_CERT
from k8sboot.runbook import UP

CERTIFICATE = (Path(__file__).parent / "kubernetes/apiserver.crt").read_text()
"""For kubernetes, API.example.com, 10.96.0.1 and 2001:db8::1."""


def with_names(cluster: FakeCluster, *names: str) -> FakeCluster:
    for host in cluster.hosts.values():
        if "/etc/kubernetes/admin.conf" in host.files:
            host.put(APISERVER_CERT, CERTIFICATE)
    settings = replace(cluster.spec.cluster, cert_sans=names)
    cluster.spec = saying(replace(cluster.spec, cluster=settings), "cluster.certSANs")
    return cluster


def pool(**modes: str) -> str:
    spec = {"cidr": "172.16.0.0/16", **modes}
    other = {"metadata": {"name": "six"}, "spec": {"cidr": "fd00::/64"}}
    return json.dumps({"items": [{"metadata": {"name": "default-ipv4-ippool"}, "spec": spec}, other]})


def with_encapsulation(cluster: FakeCluster, word: str, answer: object) -> FakeCluster:
    cluster.pools = answer
    settings = replace(cluster.spec.calico, encapsulation=word)
    cluster.spec = saying(replace(cluster.spec, calico=settings), "calico.encapsulation")
    return cluster


@pytest.mark.parametrize("is_dry", [True, False])
def test_a_name_that_the_certificate_lacks_is_refused_with_both(finished: FakeCluster, is_dry: bool):
    with_names(finished, "api.example.com", "lb.example.com", "10.0.0.9")
    told = run(finished, UP, is_dry=is_dry)
    assert told.errors == {"m1": "KB-CERT-SANS"}
    error = told.report.errors["m1"]
    assert "lacks lb.example.com, 10.0.0.9 of" in error.what
    assert "10.96.0.1, 2001:db8::1, api.example.com, kubernetes" in error.why
    assert mutations(finished) == {}


def test_names_that_it_has_are_nothing_to_tell(finished: FakeCluster):
    told = run(with_names(finished, "api.example.com", "2001:db8::1"), UP)
    assert (told.errors, told.changes) == ({}, {})


@pytest.mark.parametrize(
    ("word", "modes"),
    [
        ("vxlan", {"ipipMode": "Always"}),
        ("ipip", {"vxlanMode": "CrossSubnet"}),
        ("none", {"ipipMode": "Always"}),
    ],
)
def test_another_encapsulation_than_the_pools_is_refused(
    finished: FakeCluster, word: str, modes: dict[str, str]
):
    told = run(with_encapsulation(finished, word, pool(**modes)), UP)
    assert told.errors == {"m1": "KB-CALICO-POOL"}
    assert mutations(finished) == {}


@pytest.mark.parametrize(
    "answer",
    [pool(ipipMode="Never", vxlanMode="CrossSubnet"), (1, "", "error: no such resource type\n")],
)
def test_a_pool_that_was_changed_first_is_no_obstacle(finished: FakeCluster, answer: object):
    told = run(with_encapsulation(finished, "vxlan", answer), UP)
    assert told.errors == {}
    assert "apply calico" in told.changes["m1"]


def test_what_is_switched_off_and_stays_is_told(finished: FakeCluster):
    it = finished.spec
    finished.spec = replace(
        it,
        calico=replace(it.calico, enabled=False),
        metrics_server=replace(it.metrics_server, enabled=False),
        os=replace(it.os, time_sync="none"),
    )
    told = run(finished, UP)
    assert told.errors == told.changes == {}
    assert told.codes.count("KB-NOT-REMOVED") == 2 + len(finished.hosts)


def test_a_version_beside_another_manifest_is_told(finished: FakeCluster):
    calico = replace(finished.spec.calico, version="v3.99.0")
    finished.spec = saying(replace(finished.spec, calico=calico), "calico.version")
    told = run(finished, UP)
    assert told.changes == {}
    assert told.codes.count("KB-NO-EFFECT") == 1

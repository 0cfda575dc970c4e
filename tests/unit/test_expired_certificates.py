"""Certificates that have expired are named at the first look, before anything waits for the API."""

from __future__ import annotations

import pytest
from fake_cluster import FakeCluster
from made_certificates import certificate, day, in_kubeconfig
from runs import run

from k8sboot.kubernetes.certificates import KUBELET_CLIENT
from k8sboot.kubernetes.paths import ADMIN_CONF
from k8sboot.run.session import RunRequest, Session
from k8sboot.runbook import RESET, UP

APISERVER = "/etc/kubernetes/pki/apiserver.crt"
GONE = certificate(day("2025-11-03"))


def shown(**files: str) -> str:
    """The answer to the question for the certificates: as the script prints them, but uncut."""
    places = {"apiserver": APISERVER, "kubelet": KUBELET_CLIENT, "admin": ADMIN_CONF}
    return "".join(f"== {places[name]}\n{body(text)}" for name, text in files.items())


def body(pem: str) -> str:
    if "client-certificate-data: " in pem:
        return f"data {pem.partition('client-certificate-data: ')[2][:700]}\n"
    return "".join(line + "\n" for line in pem.splitlines()[1:-1])


@pytest.mark.parametrize("is_dry", [True, False], ids=["plan", "up"])
def test_a_year_old_cluster_is_refused_at_the_first_look(finished: FakeCluster, is_dry: bool):
    finished.hosts["m1"].answers["certificates"] = shown(apiserver=GONE, admin=in_kubeconfig(GONE))
    finished.hosts["m1"].clear()
    told = run(finished, UP, is_dry=is_dry)

    assert told.errors == {"m1": "KB-CERTIFICATE-EXPIRED"}
    error = told.report.errors["m1"]
    assert "2 certificates" in error.what
    assert "2025-11-03 12:00 UTC" in error.what
    assert f"{APISERVER} on 2025-11-03, {ADMIN_CONF} on 2025-11-03" in error.why
    assert "run `kubeadm certs renew all` on every master" in error.fix
    assert finished.hosts["m1"].runs == ["probe"]
    assert finished.hosts["n1"].mutations == []


def test_the_command_is_the_one_of_the_minor_version(finished: FakeCluster):
    from dataclasses import replace

    old = replace(finished.spec.cluster, kubernetes_version="v1.19.16")
    finished.spec = replace(finished.spec, cluster=old)
    finished.hosts["m1"].answers["certificates"] = shown(apiserver=GONE)

    assert "`kubeadm alpha certs renew all`" in run(finished, UP, is_dry=True).report.errors["m1"].fix


def test_a_node_whose_kubelet_lost_its_certificate_is_told_to_join_again(finished: FakeCluster):
    finished.hosts["n1"].answers["certificates"] = shown(kubelet=GONE)
    told = run(finished, UP, is_dry=True)

    assert told.errors == {"n1": "KB-CERTIFICATE-EXPIRED"}
    assert "`k8sboot reset --limit n1`" in told.report.errors["n1"].fix


def test_a_clock_that_is_ahead_does_not_make_certificates_old(finished: FakeCluster, monkeypatch):
    near = certificate(day("2099-01-01"))
    host = finished.hosts["m1"]
    host.answers["certificates"] = shown(apiserver=near)
    ahead = str(int(day("2100-01-01").timestamp()))
    told_facts = host._told_facts
    monkeypatch.setattr(host, "_told_facts", lambda: {**told_facts(), "time": ahead})

    assert run(finished, UP, is_dry=True).errors.get("m1") != "KB-CERTIFICATE-EXPIRED"


def test_a_reset_does_not_need_certificates(finished: FakeCluster):
    finished.hosts["m1"].answers["certificates"] = shown(apiserver=GONE)
    request = RunRequest("reset", RESET, needs_certificates=False)
    report = Session(finished.spec, request, lambda host, _: finished.hosts[host.name], []).run()

    assert "KB-CERTIFICATE-EXPIRED" not in {e.error_code for e in report.errors.values()}

"""kube-proxy's modes: what each needs of every host, refused before anything is changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fake_cluster import FakeCluster
from inventories import saying, spec
from runs import mutations, raise_errors, run

from k8sboot.desired import proxy
from k8sboot.inventory.model import KubeProxySettings, Spec
from k8sboot.inventory.os_settings import KernelPackage, KernelSettings
from k8sboot.phases import kube_proxy
from k8sboot.runbook import UP

NEW_NFT = "nftables v1.1.3 (Commodore Bullmoose #4)\n"


def with_mode(mode: str, *, version: str = "v1.36.5") -> Spec:
    made = spec(kube_proxy=KubeProxySettings(mode=mode))
    return replace(made, cluster=replace(made.cluster, kubernetes_version=version))


def test_nftables_is_refused_on_a_host_whose_kernel_is_too_old_before_anything_is_changed(bare: FakeCluster):
    bare.spec = replace(bare.spec, kube_proxy=KubeProxySettings(mode="nftables"))
    for host in bare.hosts.values():
        host.answers["nft-version"] = ""
        host.facts["kernel"] = "6.1.0-18-amd64"
    bare.hosts["n1"].facts["kernel"] = "5.10.0-28-amd64"
    told = run(bare, UP[:1])
    assert told.errors["n1"] == "KB-PREFLIGHT"
    assert "kernel is 5.10.0-28-amd64, and kube-proxy's mode nftables needs kernel 5.13" in (
        told.report.errors["n1"].what
    )
    assert mutations(bare) == {}


def test_a_kernel_that_this_run_replaces_is_not_counted(bench):
    it = bench(facts={"kernel": "5.10.0"}, answers={"nft-version": ""})
    packages = (KernelPackage("http://k.lan/k.deb", "a" * 64),)
    made = with_mode("nftables")
    made = replace(made, os=replace(made.os, kernel=KernelSettings("5.15", packages)))
    assert list(proxy.misfits(made, it.host())) == []
    made = replace(made, os=replace(made.os, kernel=KernelSettings("5.11", packages)))
    assert len(list(proxy.misfits(made, it.host()))) == 1


@pytest.mark.parametrize(
    ("version", "nft", "said"),
    [("v1.36.5", NEW_NFT, ["KB-PROXY-NFT"]), ("v1.37.2", NEW_NFT, []), ("v1.36.5", "", [])],
)
def test_a_host_whose_nft_may_crash_kube_proxy_is_told(bench, version, nft, said):
    it = bench(facts={"kernel": "6.12.0"}, answers={"nft-version": nft})
    assert list(proxy.misfits(with_mode("nftables", version=version), it.host())) == []
    assert it.said == said


@pytest.mark.parametrize("mode", ["iptables", "ipvs"])
def test_no_other_mode_asks_for_nft(mode):
    assert proxy.reads(with_mode(mode)).questions == ()
    assert [question.name for question in proxy.reads(with_mode("nftables")).questions] == ["nft-version"]


def test_a_cluster_is_switched_to_nftables_and_every_node_is_asked(finished: FakeCluster, clock):
    finished.spec = replace(finished.spec, kube_proxy=KubeProxySettings(mode="nftables"))
    finished.spec = saying(finished.spec, "kubeProxy.mode")
    for host in finished.hosts.values():
        host.answers["nft-version"] = ""
        host.modules["nf_tables"] = "loaded"
        host.facts["kernel"] = "6.1.0-18-amd64"
    told = raise_errors(run(finished, UP))
    assert "set kube-proxy's mode to nftables" in told.changes["m1"]
    assert finished.proxy_mode == "nftables"
    finished.hosts["n2"].answers["proxy-mode"] = "iptables"
    told = run(finished, [phase for phase in UP if phase.name == "kube-proxy-mode"])
    assert set(told.errors) == {"n2"}


@pytest.mark.parametrize(("minor", "words"), [("v1.25.0", "falls back to iptables"), ("v1.26.0", "exits")])
def test_without_modules_is_told_what_kube_proxy_of_that_release_would_do(finished, minor, words):
    finished.spec = with_mode("ipvs", version=minor)
    made = finished.spec
    assert words in kube_proxy._without_modules(type("Cluster", (), {"spec": made}))  # type: ignore[arg-type]

from __future__ import annotations

import json

import pytest
import yaml

from k8sboot.errors import Refused
from k8sboot.kubernetes.answers import BadAnswer
from k8sboot.kubernetes.kube_proxy import (
    nft_conflict,
    nftables_misfit,
    possible_modules,
    required_modules,
    set_config,
)
from k8sboot.kubernetes.releases import nearest
from k8sboot.kubernetes.running import running_cluster

FALLS_BACK, FAILS = nearest(25), nearest(26)

CONFIG = """\
apiVersion: kubeproxy.config.k8s.io/v1alpha1
bindAddress: 0.0.0.0
clusterCIDR: 172.16.0.0/16
conntrack:
  maxPerCore: null
ipvs:
  excludeCIDRs: null
  minSyncPeriod: 0s
  scheduler: ""
  strictARP: false
kind: KubeProxyConfiguration
metricsBindAddress: ""
mode: ""
nodePortAddresses: null
"""


def config_map(config: str = CONFIG) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "kube-proxy", "namespace": "kube-system", "resourceVersion": "271"},
            "data": {"config.conf": config, "kubeconfig.conf": "kind: Config\n"},
        }
    )


def to_ipvs(text: str, *, mode: str = "ipvs", scheduler: str = "rr", strict_arp: bool = False) -> str:
    """What is to be stored, or the same where nothing is."""
    ipvs = {"scheduler": scheduler, "strictARP": strict_arp} if mode == "ipvs" else {}
    return set_config(json.loads(text), {"mode": mode, **({"ipvs": ipvs} if ipvs else {})}) or text


def test_the_switch_to_ipvs_changes_the_mode_and_its_fields_only() -> None:
    found = json.loads(to_ipvs(config_map(), strict_arp=True))
    before, after = yaml.safe_load(CONFIG), yaml.safe_load(found["data"]["config.conf"])
    before["mode"] = "ipvs"
    before["ipvs"] |= {"scheduler": "rr", "strictARP": True}
    assert after == before
    assert found["data"]["kubeconfig.conf"] == "kind: Config\n"
    assert found["metadata"]["resourceVersion"] == "271"


def test_a_configuration_that_is_as_wanted_comes_back_as_it_was() -> None:
    once = to_ipvs(config_map())
    assert to_ipvs(once) is once


def test_another_scheduler_is_a_change() -> None:
    once = to_ipvs(config_map())
    assert to_ipvs(once, scheduler="wrr") != once


def test_the_switch_back_to_iptables_leaves_the_ipvs_fields() -> None:
    back = to_ipvs(to_ipvs(config_map()), mode="iptables")
    config = yaml.safe_load(json.loads(back)["data"]["config.conf"])
    assert (config["mode"], config["ipvs"]["scheduler"]) == ("iptables", "rr")


def test_a_config_map_without_a_configuration_is_refused() -> None:
    with pytest.raises(Refused, match=r"config\.conf"):
        to_ipvs('{"kind": "ConfigMap", "data": {}}')
    with pytest.raises(Refused, match="not one document"):
        to_ipvs(config_map("a: 1\n---\nb: 2\n"))
    with pytest.raises(Refused, match=r"config\.conf"):
        set_config({}, {"mode": "ipvs"})
    with pytest.raises(BadAnswer, match="the cluster's configuration"):
        running_cluster("Unable to connect to the server")


def test_what_is_not_wanted_otherwise_is_left_as_it_is_written() -> None:
    written = config_map(CONFIG.replace("minSyncPeriod: 0s", "minSyncPeriod: 1m30s"))
    assert set_config(json.loads(written), {"ipvs": {"minSyncPeriod": "90s"}}) == ""
    changed = set_config(json.loads(written), {"conntrack": {"maxPerCore": 65536}, "clusterCIDR": None})
    config = yaml.safe_load(json.loads(changed)["data"]["config.conf"])
    assert config["conntrack"] == {"maxPerCore": 65536}
    assert "clusterCIDR" not in config
    assert config["ipvs"]["minSyncPeriod"] == "1m30s"


@pytest.mark.parametrize(
    ("kernel", "conntrack"),
    [
        ("3.10.0-1160.el7.x86_64", "nf_conntrack_ipv4"),
        ("4.18.0-553.el8.x86_64", "nf_conntrack"),
        ("4.19.0-26-amd64", "nf_conntrack"),
        ("6.1.0-18-amd64", "nf_conntrack"),
    ],
)
def test_ipvs_needs_the_conntrack_module_of_its_kernel(kernel: str, conntrack: str) -> None:
    modules = required_modules(FALLS_BACK, kernel, mode="ipvs", scheduler="rr")
    assert modules == ("ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh", conntrack)


def test_a_rarer_scheduler_needs_its_module_too() -> None:
    assert "ip_vs_wlc" in required_modules(FAILS, "6.1.0", mode="ipvs", scheduler="wlc")


def test_iptables_needs_none_of_it() -> None:
    assert required_modules(FAILS, "6.1.0", mode="iptables", scheduler="rr") == ()


def test_a_probe_asks_for_the_modules_of_old_and_of_new_kernels() -> None:
    asked = possible_modules(FALLS_BACK, mode="ipvs", scheduler="rr")
    assert {"nf_conntrack", "nf_conntrack_ipv4"} < set(asked)
    assert len(asked) == len(set(asked))


def test_ipvs_needs_sets_too_where_kube_proxy_fails_without_them() -> None:
    old, new = (required_modules(row, "6.1.0", mode="ipvs", scheduler="rr") for row in (FALLS_BACK, FAILS))
    assert new == (*old, "ip_set")


def test_nftables_needs_its_module() -> None:
    assert possible_modules(nearest(31), mode="nftables", scheduler="rr") == ("nf_tables",)


@pytest.mark.parametrize(
    ("kernel", "nft", "misfit"),
    [
        ("5.13.0-1.el9", "nftables v1.0.1 (Fearless Fosdick #3)\n", ""),
        ("6.1.0-18-amd64", "", ""),
        ("5.10.0-28-amd64", "nftables v1.1.3 (x)", "its kernel is 5.10.0-28-amd64"),
        ("5.15.0-1.el8", "nftables v0.9.8 (E.D.S.)", "its nft is 0.9.8"),
        ("6.1.0", "nftables v1.0.0 (x)", "its nft is 1.0.0"),
    ],
)
def test_nftables_is_for_kernels_and_an_nft_that_are_new_enough(kernel: str, nft: str, misfit: str) -> None:
    assert nftables_misfit(kernel, nft) == misfit


@pytest.mark.parametrize(
    ("minor", "nft", "conflict"),
    [
        (36, "nftables v1.1.3 (x)", "1.1.3"),
        (31, "nftables v1.2.0 (x)", "1.2.0"),
        (36, "nftables v1.1.2 (x)", ""),
        (36, "", ""),
        (37, "nftables v1.1.3 (x)", ""),
        (23, "nftables v1.1.3 (x)", ""),
    ],
)
def test_a_newer_nft_of_the_host_is_in_conflict_with_older_releases(
    minor: int, nft: str, conflict: str
) -> None:
    assert nft_conflict(nearest(minor), nft) == conflict

"""Rows 19 to 26 of the source runbook's mistakes: init and join. Each test is of the right behaviour."""

from __future__ import annotations

import ipaddress
import shlex

import pytest
import yaml
from runs import raise_errors, run

from k8sboot.kubernetes import tokens
from k8sboot.kubernetes.config import ControlPlane, NodeRegistration, Proxy, kubeadm_config
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.paths import KUBEADM_CONFIG
from k8sboot.runbook import UP
from k8sboot.runtime.docker import Docker
from k8sboot.templates import render

TUTORIAL_TOKEN = "abcdef.0123456789abcdef"
JOIN_CONFIG = "/run/k8sboot/join.yaml"


def documents(cluster):
    """What kubeadm init was given, by kind."""
    return {d["kind"]: d for d in yaml.safe_load_all(cluster.hosts["m1"].text(KUBEADM_CONFIG))}


def config_of(version, *, masters=1):
    parsed = KubernetesVersion.parse(version)
    plane = ControlPlane(
        version=parsed,
        cri_socket=Docker().cri_socket(parsed),
        endpoint="api.example.com:6443",
        addresses=tuple(f"10.0.0.{n + 1}" for n in range(masters)),
        names=tuple(f"m{n + 1}" for n in range(masters)),
    )
    text = kubeadm_config(render, plane, NodeRegistration("m1", "10.0.0.1"), proxy=Proxy(), patches={})
    return {d["kind"]: d for d in yaml.safe_load_all(text)}


def join_files(cluster, *, limit):
    """What the hosts of a run join with: the file is gone after the join, so it is caught on its way."""
    seen = {}
    for name, host in cluster.hosts.items():
        put = host._put

        def keep(file, *, put=put, name=name):
            if file.path == JOIN_CONFIG:
                seen[name] = (file.mode, yaml.safe_load(file.data))
            return put(file)

        host._put = keep
    raise_errors(run(cluster, UP, limit=limit))
    return seen


def everything_run(cluster):
    return [line for host in cluster.hosts.values() for line in host.events]


@pytest.mark.parametrize(
    ("version", "api", "taints", "scheme"),
    [
        ("v1.21.14", "v1beta2", ["node-role.kubernetes.io/master"], ""),
        ("v1.23.17", "v1beta3", ["node-role.kubernetes.io/master"], ""),
        (
            "v1.24.17",
            "v1beta3",
            ["node-role.kubernetes.io/master", "node-role.kubernetes.io/control-plane"],
            "unix://",
        ),
        ("v1.31.4", "v1beta4", ["node-role.kubernetes.io/control-plane"], "unix://"),
    ],
)
def test_runbook_19_kubeadms_configuration_speaks_the_versions_api(version, api, taints, scheme):
    found = config_of(version)
    assert found["InitConfiguration"]["apiVersion"] == f"kubeadm.k8s.io/{api}"
    assert found["ClusterConfiguration"]["apiVersion"] == f"kubeadm.k8s.io/{api}"
    assert "type" not in found["ClusterConfiguration"]["dns"]
    node = found["InitConfiguration"]["nodeRegistration"]
    assert {taint["key"] for taint in node["taints"]} == set(taints)
    assert node["criSocket"].startswith(scheme + "/")


def test_runbook_20_tokens_are_drawn_short_lived_and_revoked(finished, codes):
    assert finished.tokens == {}, "revoked when all have joined"
    made = next(shlex.split(line) for line in everything_run(finished) if "token create" in line)
    assert made[made.index("--ttl") + 1] == "1h0m0s"
    assert not [word for word in made if tokens.TOKEN.fullmatch(word)], "kubeadm draws it"
    init = documents(finished)["InitConfiguration"]["bootstrapTokens"]
    assert [sorted(token) for token in init] == [["description", "groups", "ttl", "usages"]]
    text = f"kubeadm: {{initConfiguration: {{bootstrapTokens: [{{token: {TUTORIAL_TOKEN}}}]}}}}\n"
    assert "KB-TOKEN-KNOWN" in codes(text)


def test_runbook_21_everybody_goes_where_the_inventory_says_the_api_is(centos):
    bare = centos()
    joined = join_files(bare, limit=None)
    wanted = bare.spec.cluster.control_plane_endpoint
    init = documents(bare)
    assert init["ClusterConfiguration"]["controlPlaneEndpoint"] == wanted
    assert init["InitConfiguration"]["localAPIEndpoint"]["advertiseAddress"] == bare.spec.masters[0].address
    asked = {
        name: found["discovery"]["bootstrapToken"]["apiServerEndpoint"] for name, (_, found) in joined.items()
    }
    assert asked == {"n1": wanted, "n2": wanted}


def test_runbook_22_the_api_has_a_name_that_outlives_one_master(codes):
    masters = "masters: [{name: m1, address: 10.0.0.1}, {name: m2, address: 10.0.0.2}, {name: m3, address: 10.0.0.3}]\n"
    nodes = "nodes: [{name: n1, address: 10.0.0.9}]\n"
    assert codes(masters + nodes) == ["KB-ENDPOINT-SINGLE"]
    assert (
        codes(
            masters
            + nodes
            + "cluster: {kubernetesVersion: v1.23.17, controlPlaneEndpoint: api.example.com}\n"
        )
        == []
    )
    names = config_of("v1.23.17", masters=3)["ClusterConfiguration"]["apiServer"]["certSANs"]
    assert {"api.example.com", "m1", "m2", "m3", "10.0.0.1", "10.0.0.3", "127.0.0.1"} <= set(names)


@pytest.mark.parametrize(
    ("networks", "code"),
    [
        ("podSubnet: 172.168.0.0/16", "KB-NET-PUBLIC"),
        ("podSubnet: 10.0.0.0/16", "KB-NET-HOST"),
        ("podSubnet: 10.96.0.0/16", "KB-NET-OVERLAP"),
        ("podSubnet: 172.17.0.0/16", "KB-NET-DOCKER0"),
    ],
)
def test_runbook_23_networks_are_private_and_apart(networks, code, codes):
    assert code in codes(f"cluster: {{kubernetesVersion: v1.23.17, {networks}}}\n")
    defaults = [ipaddress.ip_network(n) for n in ("172.16.0.0/16", "10.96.0.0/16")]
    assert all(network.is_private for network in defaults)


def test_runbook_24_the_configuration_that_init_reads_is_the_inventorys(finished):
    assert not [line for line in everything_run(finished) if "print init-defaults" in line]
    init = next(line for line in finished.hosts["m1"].events if line.startswith("kubeadm init "))
    assert shlex.split(init)[2:4] == ["--config", KUBEADM_CONFIG]
    cluster = documents(finished)["ClusterConfiguration"]
    assert cluster["networking"]["podSubnet"] == finished.spec.cluster.pod_subnet
    assert cluster["controlPlaneEndpoint"] == finished.spec.cluster.control_plane_endpoint
    assert cluster["apiServer"]["certSANs"]
    assert [line for line in finished.hosts["m1"].events if "config migrate" in line], (
        "kubeadm read it before"
    )


def test_runbook_25_kubelet_and_kube_proxy_are_configured_at_init(finished):
    found = documents(finished)
    assert found["KubeletConfiguration"]["cgroupDriver"] == "systemd"
    assert found["KubeProxyConfiguration"]["mode"] == "ipvs"
    assert found["KubeProxyConfiguration"]["ipvs"]["scheduler"] == "rr"
    assert not [line for line in everything_run(finished) if "replace --filename" in line], (
        "nothing to switch later"
    )


def test_runbook_26_the_certificate_key_is_nowhere_to_be_read_and_made_anew_when_needed(centos):
    bare = centos(masters=3)
    joined = join_files(bare, limit=["m1", "m2", "n1"])
    assert joined["m2"][1]["controlPlane"]["certificateKey"] == "c" * 64
    assert joined["m2"][0] == 0o600
    assert "c" * 64 not in "\n".join(everything_run(bare))
    assert not [
        h.name
        for h in bare.hosts.values()
        if JOIN_CONFIG in h.files or "/run/k8sboot/certificate-key" in h.files
    ]
    later = raise_errors(run(bare, UP))
    assert "upload the control plane's certificates" in later.changes["m1"]
    assert "m3" in bare.members

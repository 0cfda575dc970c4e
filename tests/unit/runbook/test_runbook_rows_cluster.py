"""Rows 19 to 35 of the source runbook's mistakes: the cluster. Each test is of the right behaviour."""

from __future__ import annotations

import datetime
import ipaddress
import shlex

import pytest
import yaml
from fake_shell import plain
from inventories import CALICO, VERSION
from runs import raise_errors, run

from k8sboot.host import Context, Host
from k8sboot.kubernetes import calico, commands, tokens
from k8sboot.kubernetes.config import ControlPlane, NodeRegistration, Proxy, kubeadm_config
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.machine import Machine
from k8sboot.phases.control_plane import CONFIG
from k8sboot.probe import Reads
from k8sboot.runbook import RESET, UP
from k8sboot.templates import render
from k8sboot.tokens import new_join_line, token_table

TUTORIAL_TOKEN = "abcdef.0123456789abcdef"
JOIN_CONFIG = "/run/k8sboot/join.yaml"
PHASES = {phase.name: phase for phase in UP}


def documents(cluster):
    """What kubeadm init was given, by kind."""
    return {d["kind"]: d for d in yaml.safe_load_all(cluster.hosts["m1"].text(CONFIG))}


def config_of(version, *, masters=1):
    plane = ControlPlane(
        version=KubernetesVersion.parse(version),
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

        def keep(path, mode, owner, kind, data, *, put=put, name=name):
            if path == JOIN_CONFIG:
                seen[name] = (mode, yaml.safe_load(data))
            return put(path, mode, owner, kind, data)

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
    assert not [word for word in made if tokens._TOKEN.fullmatch(word)], "kubeadm draws it"
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
    assert codes(masters + nodes + "cluster: {controlPlaneEndpoint: api.example.com}\n") == []
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
    assert code in codes(f"cluster: {{{networks}}}\n")
    defaults = [ipaddress.ip_network(n) for n in ("172.16.0.0/16", "10.96.0.0/16")]
    assert all(network.is_private for network in defaults)


def test_runbook_24_the_configuration_that_init_reads_is_the_inventorys(finished):
    assert not [line for line in everything_run(finished) if "print init-defaults" in line]
    init = next(line for line in finished.hosts["m1"].events if line.startswith("kubeadm init "))
    assert shlex.split(init)[2:4] == ["--config", CONFIG]
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


def test_runbook_27_reset_takes_kubernetes_off_every_machine(finished):
    raise_errors(run(finished, RESET))
    for host in finished.hosts.values():
        assert not [path for path in host.files if path.startswith("/etc/kubernetes/")]
        assert not [path for path in host.files if path.endswith("/.kube/config")]
        lines = [line for line in host.events if line.startswith(("rm -rf", "/bin/sh -c"))]
        said = "\n".join(lines)
        for left in ("10-calico.conflist", "/var/lib/etcd/member", "kube-ipvs0", "ipvsadm", "KUBE-", "cali-"):
            assert left in said
    assert finished.members == []


def test_runbook_28_calicos_manifest_is_pinned_and_fitted(finished):
    source = calico.manifest_url("v3.25.2")
    assert "/v3.25.2/" in source
    assert "projectcalico" in source
    assert len(calico.MANIFEST_SHA256["v3.25.2"]) == 64
    applied = finished.hosts["m1"].text("/etc/kubernetes/k8sboot/calico.yaml")
    assert "POD_CIDR" not in applied
    env = _calico_env(applied)
    assert env["CALICO_IPV4POOL_CIDR"] == finished.spec.cluster.pod_subnet


def _calico_env(text):
    daemon = next(d for d in yaml.safe_load_all(text) if d and d["kind"] == "DaemonSet")
    container = next(
        c for c in daemon["spec"]["template"]["spec"]["containers"] if c["name"] == "calico-node"
    )
    return {e["name"]: e.get("value") for e in container["env"]}


def test_runbook_29_calico_fits_kubernetes_and_typha_the_number_of_nodes(codes):
    assert codes("calico: {version: v3.18.6}\ncluster: {kubernetesVersion: v1.23.17}\n") == [
        "KB-CALICO-VERSION"
    ]
    assert codes("calico: {version: v3.25.2}\ncluster: {kubernetesVersion: v1.23.17}\n") == []
    options = calico.CalicoOptions(
        pod_cidr="172.16.0.0/16", kubernetes_version=KubernetesVersion.parse(f"v{VERSION}"), typha_replicas=3
    )
    fitted = calico.set_calico(CALICO.read_text(), options)
    assert _calico_env(fitted)["CALICO_IPV4POOL_CIDR"] == "172.16.0.0/16"
    assert calico.set_calico(fitted, options) == fitted
    assert calico.typha_replicas(3) == 0
    assert calico.typha_replicas(120) >= 3


def test_runbook_30_a_node_that_did_not_join_is_noticed(finished):
    finished.members.remove("n2")
    told = run(finished, [PHASES["verify"]])
    assert list(told.errors) == ["m1"]
    assert "n2" in str(told.report.errors["m1"])


def test_runbook_31_the_line_for_another_master_has_token_and_key(finished):
    upload = commands.upload_certs()
    assert upload[:5] == ("kubeadm", "init", "phase", "upload-certs", "--upload-certs")
    host = _host(finished, "m1")
    words = shlex.split(new_join_line(finished.spec, host, ttl="30m", is_control_plane=True).reveal())
    assert words[:3] == ["kubeadm", "join", finished.spec.cluster.control_plane_endpoint]
    assert tokens._TOKEN.fullmatch(words[words.index("--token") + 1])
    assert words[words.index("--discovery-token-ca-cert-hash") + 1].startswith("sha256:")
    assert words[-3:] == ["--control-plane", "--certificate-key", "c" * 64]
    for_node = new_join_line(finished.spec, host, ttl="30m", is_control_plane=False).reveal()
    assert "--certificate-key" not in for_node


def _host(cluster, name):
    cluster.hosts[name].is_closed = False
    machine = Machine(name, "192.0.2.1", "master", cluster.hosts[name], Reads())
    return Host(machine, Context(phase="token", emit=lambda _event: None))


def test_runbook_32_tokens_are_listed_with_their_end_and_without_their_secret(finished):
    host = _host(finished, "m1")
    line = new_join_line(finished.spec, host, ttl="30m", is_control_plane=False).reveal()
    token_id, _, secret = shlex.split(line)[4].partition(".")
    table = token_table(host)
    row = next(row.split() for row in table.splitlines() if row.startswith(token_id))
    assert datetime.datetime.fromisoformat(row[1]) > datetime.datetime.now(datetime.timezone.utc)
    assert secret not in table


def test_runbook_33_metrics_server_needs_no_certificate_from_a_nodes_disk(finished):
    manifest = finished.hosts["m1"].text("/etc/kubernetes/k8sboot/metrics-server.yaml")
    assert "front-proxy" not in manifest
    assert "hostPath" not in manifest
    assert "extension-apiserver-authentication-reader" in manifest
    assert not [p for h in finished.hosts.values() for p in h.files if "front-proxy" in p]
    assert commands.apply("x")[-3] == "apply", "create fails the second time"
    assert raise_errors(run(finished, [PHASES["metrics-server"]])).changes == {}


def test_runbook_34_ipvs_is_switched_without_an_editor_and_asked_for_on_every_node(finished):
    finished.proxy_mode = "iptables"
    told = raise_errors(run(finished, UP))
    assert told.changes == {"m1": ["set kube-proxy's mode to ipvs"]}
    said = [plain(shlex.split(line)) for line in finished.hosts["m1"].mutations]
    assert [line for line in said if "rollout restart" in line and "kube-proxy" in line]
    assert not [line for line in said if " edit " in line or " patch " in line]
    finished.hosts["n2"].answers["proxy-mode"] = "iptables"
    assert set(run(finished, [PHASES["kube-proxy-mode"]]).errors) == {"n2"}


def test_runbook_34_the_switch_names_the_machine_and_the_module_that_is_missing(finished):
    finished.proxy_mode = "iptables"
    finished.hosts["n1"].modules["ip_vs_wrr"] = "available"
    told = run(finished, [PHASES["kube-proxy"]])
    assert "n1 has not loaded ip_vs_wrr" in told.report.errors["m1"].what
    assert finished.proxy_mode == "iptables"
    finished.hosts["n1"].modules["ip_vs_wrr"] = "loaded"
    raise_errors(run(finished, [PHASES["kube-proxy"]]))
    assert finished.proxy_mode == "ipvs"


def test_runbook_35_up_ends_when_nodes_are_ready_and_every_machine_resolves_a_service(finished):
    asked = {name: phase.on(finished.spec) for name, phase in PHASES.items()}
    assert len(asked["service-dns"]) == 3
    finished.hosts["n2"].answers["service-dns"] = (1, "", "")
    told = run(finished, UP)
    assert set(told.errors) == {"n2"}
    assert "10.96.0.10" in told.report.errors["n2"].why
    words = [shlex.split(line) for host in finished.hosts.values() for line in host.events if "kube" in line]
    programs = {w[0] for w in words if w[0].startswith("kube")}
    assert programs == {"kubeadm", "kubectl"}
    assert not [w for w in words if "--dry-run" in w]

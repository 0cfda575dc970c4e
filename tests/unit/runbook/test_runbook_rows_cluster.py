"""Rows 27 to 35 of the source runbook's mistakes: the cluster. Each test is of the right behaviour."""

from __future__ import annotations

import datetime
import shlex

import yaml
from fake_shell import plain
from inventories import CALICO, VERSION, saying
from runs import raise_errors, run

from k8sboot.cli.token_actions import new_join_line, token_table
from k8sboot.host.host import Context, Host
from k8sboot.host.machine import Machine
from k8sboot.host.reads import Reads
from k8sboot.kubernetes import calico, commands, tokens
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.runbook import RESET, UP

PHASES = {phase.name: phase for phase in UP}


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
    assert tokens.TOKEN.fullmatch(words[words.index("--token") + 1])
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
    finished.spec = saying(finished.spec, "kubeProxy.mode")
    finished.proxy_mode = "iptables"
    told = raise_errors(run(finished, UP))
    assert told.changes == {"m1": ["set kube-proxy's mode to ipvs"]}
    said = [plain(shlex.split(line)) for line in finished.hosts["m1"].mutations]
    assert [line for line in said if "rollout restart" in line and "kube-proxy" in line]
    assert not [line for line in said if " edit " in line or " patch " in line]
    finished.hosts["n2"].answers["proxy-mode"] = "iptables"
    assert set(run(finished, [PHASES["kube-proxy-mode"]]).errors) == {"n2"}


def test_runbook_34_the_switch_names_the_machine_and_the_module_that_is_missing(finished):
    finished.spec = saying(finished.spec, "kubeProxy.mode")
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

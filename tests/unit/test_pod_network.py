"""The pod network of the inventory: another plugin's own manifest, or none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from fake_cluster import FakeCluster
from inventories import saying, spec
from runs import mutations, raise_errors, run
from yaml_texts import documents

from k8sboot import ensure
from k8sboot.desired import by_command
from k8sboot.events import Notice
from k8sboot.inventory.model import NetworkSettings
from k8sboot.paths import UNFINISHED
from k8sboot.phases import settle as settling
from k8sboot.runbook import RESET, UP

NO_CNI = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin "
    "returns error: cni plugin not initialized"
)
PATH = "/etc/kubernetes/k8sboot/network.yaml"
FLANNEL = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-flannel-cfg, namespace: kube-flannel}
data:
  net-conf.json: '{"Network": "10.244.0.0/16", "Backend": {"Type": "vxlan"}}'
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: kube-flannel-ds, namespace: kube-flannel}
spec: {template: {spec: {containers: [{name: kube-flannel, image: flannel}]}}}
"""


@pytest.fixture
def flannel(tmp_path: Path) -> Path:
    path = tmp_path / "flannel.yaml"
    path.write_text(FLANNEL)
    return path


def with_plugin(cluster: FakeCluster, plugin: str, manifest: object = "") -> FakeCluster:
    cluster.spec = replace(cluster.spec, network=NetworkSettings(plugin, str(manifest) if manifest else ""))
    return cluster


def test_another_plugins_manifest_is_applied_with_pod_subnet_once(bare: FakeCluster, flannel: Path):
    told = raise_errors(run(with_plugin(bare, "manifest", flannel), UP))
    assert "apply network" in told.changes["m1"]
    assert "apply calico" not in told.changes["m1"]
    config, daemon_set = documents(bare.applied[PATH])
    assert json.loads(config["data"]["net-conf.json"]) == {
        "Network": bare.spec.cluster.pod_subnet,
        "Backend": {"Type": "vxlan"},
    }
    assert daemon_set["kind"] == "DaemonSet"
    assert raise_errors(run(bare, UP)).changes == {}


def test_a_manifest_with_a_secret_is_applied_and_never_shown(bare: FakeCluster, flannel: Path):
    kind = "apiVersion: v1\nkind: Secret\nmetadata: {name: psk, namespace: kube-flannel}\n"
    flannel.write_text(f"{FLANNEL}---\n{kind}stringData: {{psk: hunter2hunter2}}\n")
    told = raise_errors(run(with_plugin(bare, "manifest", flannel), UP))
    assert "hunter2hunter2" in bare.applied[PATH]
    assert [e for e in told.events if PATH in str(e)]
    assert not [e for e in told.events if "hunter2hunter2" in str(e)]
    assert raise_errors(run(bare, UP)).changes == {}


def test_a_file_that_an_unfinished_join_left_is_the_manifests(bare: FakeCluster, flannel: Path):
    n1 = bare.hosts["n1"]
    n1.answers["cni-configurations"] = "10-flannel.conflist\n"
    bare = with_plugin(bare, "manifest", flannel)
    assert run(bare, UP[:1]).errors == {"n1": "KB-PREFLIGHT"}
    n1.put(UNFINISHED, "")
    assert run(bare, UP[:1]).errors == {}
    assert run(with_plugin(bare, "calico"), UP[:1]).errors == {"n1": "KB-PREFLIGHT"}


def test_a_manifest_of_another_plugin_is_refused_and_what_one_leaves_out_is_told(
    bare, flannel: Path, tmp_path
):
    raise_errors(run(with_plugin(bare, "manifest", flannel), UP))
    other = tmp_path / "other.yaml"
    other.write_text(FLANNEL.replace("kube-flannel-ds", "kube-router"))
    told = run(with_plugin(bare, "manifest", other), UP)
    assert told.errors == {"m1": "KB-NETWORK-PLUGIN"}
    assert (
        "network is kube-flannel-ds, network.manifest installs kube-router" in told.report.errors["m1"].what
    )
    more = FLANNEL + "---\n" + FLANNEL.partition("---\n")[2].replace("kube-flannel-ds", "agents")
    flannel.write_text(more)
    raise_errors(run(with_plugin(bare, "manifest", flannel.rename(tmp_path / "more.yaml")), UP))
    flannel.write_text(FLANNEL)
    told = raise_errors(run(with_plugin(bare, "manifest", flannel), UP))
    assert [e.text for e in told.of(Notice) if e.code == "KB-NOT-REMOVED"] == [
        "the manifest no longer has agents: what it leaves out stays in the cluster"
    ]


def test_calico_is_not_replaced_by_another_plugin(finished: FakeCluster, flannel: Path):
    told = run(with_plugin(finished, "manifest", flannel), UP)
    assert told.errors == {"m1": "KB-NETWORK-PLUGIN"}
    assert (
        "the cluster's pod network is Calico v3.25.2, network.plugin is manifest"
        in told.report.errors["m1"].what
    )
    assert mutations(finished) == {}


def test_calico_is_not_put_beside_a_network_that_somebody_installed(bare: FakeCluster):
    raise_errors(run(with_plugin(bare, "none"), UP))
    bare.hosts["m1"].answers["cni-in-force"] = "05-cilium.conflist\n"
    told = run(with_plugin(bare, "calico"), UP)
    assert told.errors == {"m1": "KB-NETWORK-PLUGIN"}
    assert "that of /etc/cni/net.d/05-cilium.conflist" in told.report.errors["m1"].what
    assert "set `network: {plugin: none}`" in told.report.errors["m1"].fix
    assert mutations(bare) == {}
    assert run(bare, [phase for phase in UP if phase.name == "calico"]).errors == told.errors
    bare.hosts["m1"].answers["cni-in-force"] = ""
    assert "apply calico" in raise_errors(run(bare, UP)).changes["m1"], "there is none yet"


def test_without_a_plugin_up_ends_well_tells_what_it_did_not_check_and_changes_nothing_again(
    bare: FakeCluster,
):
    with_plugin(bare, "none").node_message = NO_CNI
    told = raise_errors(run(bare, UP))
    assert {"apply calico", "apply network"}.isdisjoint(told.changes["m1"])
    (notice,) = [e for e in told.of(Notice) if e.code == "KB-NO-POD-NETWORK"]
    assert "kubectl top" in notice.text
    assert f"podSubnet {bare.spec.cluster.pod_subnet}" in notice.text
    again = raise_errors(run(bare, UP))
    assert again.changes == {}
    assert again.codes.count("KB-NO-POD-NETWORK") == 1
    assert not [line for line in bare.hosts["m1"].commands if "top nodes" in line]


def test_with_the_operators_network_everything_is_checked(bare: FakeCluster, clock):
    told = raise_errors(run(with_plugin(bare, "none"), UP))
    assert "KB-NO-POD-NETWORK" not in told.codes
    assert [line for line in bare.hosts["m1"].commands if "top nodes" in line]
    bare.hosts["n1"].answers["service-dns"] = (1, "", "")
    assert set(run(bare, [phase for phase in UP if phase.name == "service-dns"]).errors) == {"n1"}


@pytest.mark.parametrize(
    "message",
    [f"[PLEG is not healthy, {NO_CNI}]", "container runtime is down", ""],
    ids=["two", "other", "none"],
)
def test_nodes_that_are_not_ready_for_another_reason_are_an_error_all_the_same(
    bare: FakeCluster, clock, message: str
):
    raise_errors(run(with_plugin(bare, "none"), UP))
    bare.node_message = message or "?"
    told = run(bare, [phase for phase in UP if phase.name == "verify"])
    assert set(told.errors) == {"m1"}
    assert "KB-NO-POD-NETWORK" not in told.codes


def test_what_has_its_nodes_network_is_waited_for_also_without_a_plugin(bare: FakeCluster, clock):
    raise_errors(run(with_plugin(bare, "none"), UP))
    bare.node_message = NO_CNI
    bare.on_host_unready = "kube-proxy-n1"
    told = run(bare, [phase for phase in UP if phase.name == "settle"])
    assert "kube-proxy-n1" in told.report.errors["m1"].why
    assert settling.TIMEOUT == 600


def test_only_calico_minds_another_cni_configuration_of_its_own_name(bare: FakeCluster, flannel: Path):
    for host in bare.hosts.values():
        host.answers["cni-configurations"] = "10-calico.conflist\n"
    assert run(with_plugin(bare, "none"), UP[:1]).errors == {}
    told = run(with_plugin(bare, "manifest", flannel), UP[:1])
    assert set(told.errors.values()) == {"KB-PREFLIGHT"}
    assert "until that of network.manifest is there" in told.report.errors["m1"].what


def test_a_reset_takes_the_configuration_of_another_plugin_away(bare: FakeCluster, flannel: Path):
    raise_errors(run(with_plugin(bare, "manifest", flannel), UP))
    told = raise_errors(run(bare, RESET))
    assert {e.host for e in told.of(Notice) if "network.manifest's plugin" in e.text} == set(bare.hosts)
    for host in bare.hosts.values():
        sent = " ".join(host.mutations)
        assert "rm -f -- /etc/cni/net.d/*.conf /etc/cni/net.d/*.conflist" in sent
        assert f"SUBNET={bare.spec.cluster.pod_subnet}\n" in sent


def test_pods_with_other_addresses_are_told(bare: FakeCluster, flannel: Path):
    raise_errors(run(with_plugin(bare, "manifest", flannel), UP))
    bare.pod_address = "10.0.0.7"
    told = raise_errors(run(bare, UP))
    assert told.changes == {}
    assert told.codes.count("KB-POD-NETWORK") == 1


def test_an_object_that_is_too_large_for_kubectl_is_applied_by_the_server(bench):
    text = f"kind: X\n---\nkind: Y\ntext: {'x' * 250_001}\n"
    it = bench(answers={"kubectl diff": (1, "", ""), "kubectl apply": ""})
    it.do(ensure.manifest, "thing", text)
    assert it.do(ensure.manifest, "thing", text) == ["apply thing"]
    asked = [line for line in it.connection.commands if " diff " in line or " apply " in line]
    assert len(asked) == 2
    assert all("--server-side --force-conflicts --field-manager=k8sboot" in line for line in asked)
    it = bench(answers={"kubectl diff": (1, "", ""), "kubectl apply": ""})
    it.do(ensure.manifest, "thing", "kind: X\n" * 40_000)
    it = bench(answers={"kubectl diff": (1, "", ""), "kubectl apply": ""})
    it.do(ensure.manifest, "thing", "---\n".join(f"kind: X{n}\n" for n in range(40_000)))
    assert not [line for line in it.connection.commands if "--server-side" in line]


def test_the_older_form_is_no_plugin():
    made = spec()
    assert made.plugin == "calico"
    assert replace(made, calico=replace(made.calico, enabled=False)).plugin == "none"
    assert saying(replace(made, network=NetworkSettings("none")), "network.plugin").plugin == "none"
    assert by_command.CNI_IN_FORCE in by_command.reads(made).questions

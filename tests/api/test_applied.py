"""Everything that k8sboot applies to a cluster is accepted by the real API server of its minor, field by field.

By a dry run of the server. From 1.25 on it is strict (fieldValidation): an unknown field is an error; before, kubectl
compares the fields with the server's schema.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml
from apiservers import LAB_RELEASES, ROOT, ApiServer

from k8sboot.ensure.cluster import LARGEST_OBJECT
from k8sboot.kubernetes import calico, commands, kube_proxy, network_manifest, node_settings
from k8sboot.kubernetes.answers import read_object
from k8sboot.kubernetes.calico_releases import CALICO
from k8sboot.kubernetes.config import ControlPlane, NodeRegistration, Proxy, kubeadm_config
from k8sboot.kubernetes.metrics_server import metrics_server_image, metrics_server_values
from k8sboot.kubernetes.node_settings import Move
from k8sboot.kubernetes.running import running_cluster
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.kubernetes.yamltext import dump_documents, load_documents
from k8sboot.phases.kube_proxy import WHOLE_CONFIG
from k8sboot.smoke import objects
from k8sboot.templates import render

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

UPSTREAM = ROOT.parent / "shared/data/calico"
OF_LAB = ROOT / "tests/lab/mirrors/manifests"
NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "n1", "labels": {"kubernetes.io/os": "linux"}},
}
DEFINITION = "CustomResourceDefinition"


def version(api: ApiServer) -> KubernetesVersion:
    return KubernetesVersion.parse(api.programs.version)


def accepted(done: CompletedProcess[str], api: ApiServer) -> str:
    """What kubectl printed; it says nothing of fields that are unknown."""
    assert done.returncode == 0, done.stderr
    assert "unknown field" not in done.stderr, done.stderr
    return done.stdout


def strictly(api: ApiServer) -> tuple[str, ...]:
    validate = "--validate=strict" if version(api).minor >= 25 else "--validate=true"
    return ("--dry-run=server", validate)


def apply_of(text: str, path: Path) -> commands.Words:
    """The command that `ensure.manifest` applies this text with."""
    path.write_text(text)
    is_large = any(len(part) > LARGEST_OBJECT for part in text.split("\n---\n"))
    return (commands.apply_by_server if is_large else commands.apply)(str(path))


def applied(api: ApiServer, text: str, path: Path) -> list[str]:
    """The names of the objects, as the server would have created them: definitions for good, the rest in a dry run."""
    documents = load_documents(text, "the manifest")
    definitions = [each for each in documents if each["kind"] == DEFINITION]
    names = []
    if definitions:
        words = apply_of(dump_documents(definitions), path)
        accepted(api.run(words, *strictly(api)), api)
        names += accepted(api.run(words), api).splitlines()
    rest = text if not definitions else dump_documents(each for each in documents if each not in definitions)
    return names + accepted(api.run(apply_of(rest, path), *strictly(api)), api).splitlines()


def metrics_server(of: KubernetesVersion, replicas: int, image: str = "") -> str:
    values = metrics_server_values(
        of,
        image=image or metrics_server_image(of, "registry.k8s.io"),
        replicas=replicas,
        kubelet_insecure_tls=True,
    )
    return render("metrics-server.yaml.j2", **values)


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("tag", ["", "v0.5.2", "v0.6.4"])
def test_metrics_server(api: ApiServer, replicas: int, tag: str, tmp_path: Path) -> None:
    image = f"registry.k8s.io/metrics-server/metrics-server:{tag}" if tag else ""
    text = metrics_server(version(api), replicas, image)
    assert doubled(text) == []
    done = api.run(apply_of(text, tmp_path / "m.yaml"), *strictly(api))
    assert len(accepted(done, api).splitlines()) == len(load_documents(text, "it"))
    assert "Warning" not in done.stderr, done.stderr


def test_a_field_that_does_not_belong_is_refused(api: ApiServer, tmp_path: Path) -> None:
    """The server's strictness itself: without it, the other tests would prove little."""
    line = "      priorityClassName: system-cluster-critical\n"
    text = metrics_server(version(api), 1)
    assert text.count(line) == 1
    more = line + "      priorityClass: a\n"
    done = api.run(apply_of(text.replace(line, more), tmp_path / "m.yaml"), *strictly(api))
    assert done.returncode != 0
    assert "priorityClass" in done.stderr
    assert doubled(text.replace(line, line + line)) == ["priorityClassName"]


def doubled(text: str) -> list[str]:
    """Keys that a mapping has twice. kubectl keeps the last of them, and the server sees nothing of it."""
    found: list[str] = []

    def look(node: yaml.Node) -> None:
        children = node.value if isinstance(node.value, list) else []
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in children]
            found.extend(key for key in set(keys) if keys.count(key) > 1)
            children = [value for _, value in children]
        for child in children:
            look(child)

    for document in yaml.compose_all(text, Loader=yaml.SafeLoader):
        look(document)
    return found


def nearest_calico(api: ApiServer) -> Path:
    """Upstream's newest manifest that was tested with this minor; else the one that was tested with the next to it."""
    found = {int(path.parent.name.split(".")[1]): path for path in UPSTREAM.glob("v*/calico-typha.yaml")}
    if not found:
        pytest.skip(f"no {UPSTREAM}: upstream's manifests of Calico")

    def distance(minor: int) -> tuple[int, int]:
        oldest, newest = CALICO[minor].tested
        return max(oldest - version(api).minor, version(api).minor - newest, 0), -minor

    return found[min(found, key=distance)]


CALICOS: dict[str, Callable[[KubernetesVersion], calico.CalicoOptions]] = {
    "as by default": lambda v: calico.CalicoOptions("10.200.0.0/16", v, has_node_addresses=True),
    "with everything else": lambda v: calico.CalicoOptions(
        "10.200.0.0/16",
        v,
        encapsulation="vxlan",
        mtu=1400,
        typha_replicas=3,
        image_repository="r.example.com/calico",
        proxy_mode="nftables" if "nftables" in v.release.proxy_modes else "",
    ),
}


@pytest.mark.parametrize("how", CALICOS)
def test_upstreams_calico(api: ApiServer, how: str, tmp_path: Path) -> None:
    text = calico.set_calico(nearest_calico(api).read_text(), CALICOS[how](version(api)))
    names = applied(api, text, tmp_path / "calico.yaml")
    assert len(names) == len(load_documents(text, "it"))
    assert any("daemonset.apps/calico-node" in name for name in names)


@pytest.mark.parametrize("how", CALICOS)
def test_calico_of_the_lab(api: ApiServer, how: str, tmp_path: Path) -> None:
    text = (OF_LAB / "calico/calico-typha.yaml").read_text()
    fitted = calico.set_calico(text, CALICOS[how](version(api)))
    assert len(applied(api, fitted, tmp_path / "calico.yaml")) == len(load_documents(text, "it"))


def test_network_of_others(api: ApiServer, tmp_path: Path) -> None:
    text = (OF_LAB / "kube-router/kube-router.yaml").read_text()
    fitted = network_manifest.fitted(text, "10.200.0.0/16")
    assert isinstance(fitted.objects, str)
    assert len(applied(api, fitted.objects, tmp_path / "network.yaml")) == len(load_documents(text, "it"))


def test_definitions_of_a_network_are_known_before_its_objects(api: ApiServer, tmp_path: Path) -> None:
    """Calico's own, with an object of them: as `pod-network` applies them, and waits."""
    pool = {
        "apiVersion": "crd.projectcalico.org/v1",
        "kind": "IPPool",
        "metadata": {"name": "a"},
        "spec": {"cidr": "10.200.0.0/16"},
    }
    documents = load_documents(nearest_calico(api).read_text(), "upstream's manifest")
    definitions = [each for each in documents if each["kind"] == DEFINITION]
    fitted = network_manifest.fitted(dump_documents([pool, *definitions]), "10.200.0.0/16")
    assert isinstance(fitted.objects, str)
    accepted(api.run(apply_of(fitted.definitions, tmp_path / "definitions.yaml")), api)
    accepted(api.run(commands.wait_for_definitions(str(tmp_path / "definitions.yaml"))), api)
    done = api.run(apply_of(fitted.objects, tmp_path / "network.yaml"), *strictly(api))
    assert "ippool" in accepted(done, api)


def kubeadms(api: ApiServer) -> str:
    """kubeadm's configuration as k8sboot writes it for this minor."""
    plane = ControlPlane(
        version=version(api),
        endpoint="10.0.0.1:6443",
        addresses=("10.0.0.1",),
        names=("m1",),
        cri_socket="unix:///run/containerd/containerd.sock",
    )
    return kubeadm_config(
        render, plane, NodeRegistration("m1", "10.0.0.1"), proxy=Proxy("iptables"), patches={}
    )


def test_kube_proxys_configuration(api: ApiServer, tmp_path: Path) -> None:
    """That of kubeadm's addon, with the fields that the inventory sets."""
    config = tmp_path / "kubeadm.yaml"
    config.write_text(kubeadms(api))
    done = api.kubeadm("init", "phase", "addon", "kube-proxy", "--config", str(config))
    assert done.returncode == 0, done.stderr
    running = running_cluster(accepted(api.run(commands.running_cluster()), api))
    fields = {"mode": "ipvs", "ipvs": {"scheduler": "lc"}}
    assert kube_proxy.set_config(running.proxy_config_map, fields)
    whole = accepted(api.run(WHOLE_CONFIG), api)
    wanted = kube_proxy.set_config(read_object(whole, asked="kube-proxy"), fields)
    (tmp_path / "proxy.json").write_text(wanted)
    accepted(api.run(commands.replace(str(tmp_path / "proxy.json")), *strictly(api)), api)
    accepted(api.run(commands.replace(str(tmp_path / "proxy.json"))), api)
    again = running_cluster(api.run(commands.running_cluster()).stdout)
    assert again.proxy_configuration["mode"] == "ipvs"
    restart = commands.rollout_restart("daemonset", "kube-proxy", namespace="kube-system")
    accepted(api.run(restart), api)


def test_labels_and_taints_of_a_node(api: ApiServer, tmp_path: Path) -> None:
    (tmp_path / "node.json").write_text(json.dumps(NODE))
    accepted(api.run(commands.apply(str(tmp_path / "node.json"))), api)
    labels, taints = (
        {"zone": "a", "example.com/disk": ""},
        {"dedicated:NoSchedule": "db", "gpu:NoExecute": ""},
    )
    for wanted_labels, wanted_taints in ((labels, taints), ({"zone": "b"}, {}), ({}, {})):
        there = nodes_of(api)["n1"]
        moves = (
            Move.to(wanted_labels, there.labels, there.set_labels),
            Move.to(wanted_taints, there.taints, there.set_taints),
        )
        for words in node_settings.commands_for(there, *moves):
            accepted(api.run(words), api)
        now = nodes_of(api)["n1"]
        assert {k: v for k, v in now.labels.items() if "kubernetes.io" not in k} == wanted_labels
        assert {k: v for k, v in now.taints.items() if "kubernetes.io" not in k} == wanted_taints
        assert (now.set_labels, now.set_taints) == (wanted_labels, wanted_taints)
    accepted(api.run(commands.delete_node("n1")), api)
    accepted(api.run(commands.delete_node("n1")), api)


SERVICE_ACCOUNT = {
    "apiVersion": "v1",
    "kind": "ServiceAccount",
    "metadata": {"name": "default", "namespace": objects.NAMESPACE},
    "automountServiceAccountToken": False,
}


def test_objects_of_the_smoke_test(api: ApiServer, tmp_path: Path) -> None:
    image, path = "registry.example.com:5000/agnhost:2.66.1", tmp_path / "objects.yaml"
    path.write_text(objects.namespace())
    accepted(api.run(commands.apply(str(path)), *strictly(api)), api)
    accepted(api.run(commands.apply(str(path))), api)
    path.write_text(json.dumps(SERVICE_ACCOUNT))  # no controller runs that makes it and its token
    accepted(api.run(commands.apply(str(path))), api)
    for text in (objects.echo(image), objects.pods(image, version(api)), objects.static_pod(image)):
        named = accepted(api.run(apply_of(text, path), *strictly(api)), api).splitlines()
        assert len(named) == len([each for each in yaml.safe_load_all(text) if each]) > 0


def nodes_of(api: ApiServer) -> dict[str, node_settings.NodeSettings]:
    done = api.run(commands.get_fields("nodes", node_settings.FIELDS))
    return node_settings.node_settings(accepted(done, api))


def test_every_template_with_objects_of_the_api_is_here() -> None:
    """A new one is to be added above."""
    texts = {path.name: path.read_text() for path in (ROOT / "templates").glob("*.j2")}
    of_api = {name for name, text in texts.items() if "\nkind:" in text and "kubeadm.k8s.io" not in text}
    of_smoke = {f"smoke-{name}.yaml.j2" for name in ("namespace", "echo", "pods", "static-pod")}
    assert of_api == {"metrics-server.yaml.j2", *of_smoke}
    assert set(LAB_RELEASES) >= {"1.20", "1.37"}

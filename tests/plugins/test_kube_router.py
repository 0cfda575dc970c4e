"""kube-router by its manifest, on real hosts: each test goes on from where the one before left the lab."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from on_lab import HOSTS, MASTER, Lab
from summaries import changed

IMAGE = "docker.io/cloudnativelabs/kube-router:v2.1.0"
SERVER, CLIENT = "k8s-node01", "k8s-node02"
POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "server"},
    "spec": {"podSelector": {"matchLabels": {"app": "server"}}, "policyTypes": ["Ingress"]},
}


def pod(name: str, node: str, command: str) -> dict[str, object]:
    """A Pod on a node; the image is kube-router's own, which has a shell and a web server."""
    container = {"name": name, "image": IMAGE, "command": ["sh", "-c", command]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "nodeName": node,
            "terminationGracePeriodSeconds": 1,
            "tolerations": [{"operator": "Exists"}],
            "containers": [container],
        },
    }


SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "server"},
    "spec": {"selector": {"app": "server"}, "ports": [{"port": 80, "targetPort": 8080}]},
}
WEB = "mkdir -p /www && echo there > /www/index.html && exec httpd -f -p 8080 -h /www"


def apply(lab: Lab, *objects: object) -> None:
    for each in objects:
        words = "kubectl --kubeconfig /etc/kubernetes/admin.conf apply -f -"
        lab.ssh(MASTER, "sh", "-c", f"{words} <<'END'\n{json.dumps(each)}\nEND")


def fetched(lab: Lab, client: str, url: str) -> str:
    """What a Pod gets there within 3 s; '' for nothing."""
    kubectl = "kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf"
    words = "exec", client, "--", "wget", "-T", "3", "-q", "-O", "-", url
    return lab.ssh(MASTER, *kubectl, *words, check=False).strip()


def until(lab: Lab, client: str, url: str, wanted: str) -> None:
    """Wait until that is what a Pod gets."""
    deadline = time.monotonic() + 120
    while (found := fetched(lab, client, url)) != wanted:
        assert time.monotonic() < deadline, f"{client} gets {found!r} of {url}"
        time.sleep(2)


@pytest.fixture
def pods(lab: Lab) -> Iterator[str]:
    """A web server and two clients, on a node each; the server's address."""
    sleep = "exec sleep 100000"
    objects = pod("server", SERVER, WEB), pod("client", CLIENT, sleep), pod("other", MASTER, sleep)
    apply(lab, SERVICE, *objects)
    lab.kubectl("wait", "--for=condition=Ready", "--timeout=180s", "pod/server", "pod/client", "pod/other")
    yield lab.kubectl("get", "pod", "server", "-o", "jsonpath={.status.podIP}")
    lab.kubectl("delete", "networkpolicy,service,pod", "server", "--ignore-not-found", "--wait")
    lab.kubectl("delete", "pod", "client", "other", "--wait")


def test_up_applies_the_manifest_and_every_node_is_ready(lab: Lab) -> None:
    planned = lab.run("plan").stdout
    assert "apply network" in planned
    assert "apply calico" not in planned
    lab.run("up", "--yes", timeout=3600)
    assert lab.ready_nodes() == set(HOSTS)
    daemon_set = lab.kubectl("-n", "kube-system", "get", "daemonset", "kube-router", "-o", "json")
    assert json.loads(daemon_set)["status"]["numberReady"] == len(HOSTS)


def test_second_up_changes_nothing(lab: Lab) -> None:
    before = lab.fingerprints()
    assert changed(lab.run("up", "--yes").stderr) == 0
    assert lab.fingerprints() ^ before == set()


def test_pods_of_different_nodes_reach_each_other(lab: Lab, pods: str) -> None:
    for client in ("client", "other"):
        until(lab, client, f"http://{pods}:8080/", "there")
        until(lab, client, "http://server.default.svc.cluster.local/", "there")
    # Its own Service, past /etc/hosts, where the Pod's own name leads to the Pod itself.
    until(lab, "server", "http://server.default.svc.cluster.local/", "there")


def test_a_network_policy_denies_all_but_whom_it_names(lab: Lab, pods: str) -> None:
    url = f"http://{pods}:8080/"
    until(lab, "client", url, "there")
    apply(lab, POLICY)
    until(lab, "client", url, "")
    until(lab, "other", url, "")
    allowed = [{"from": [{"podSelector": {"matchLabels": {"app": "client"}}}]}]
    apply(lab, {**POLICY, "spec": {**POLICY["spec"], "ingress": allowed}})
    until(lab, "client", url, "there")
    assert fetched(lab, "other", url) == ""


def test_another_plugin_is_refused_and_nothing_changes(lab: Lab) -> None:
    text = lab.inventory.read_text()
    assert "plugin: manifest" in text
    before = lab.fingerprints()
    try:
        lab.inventory.write_text(text.replace("plugin: manifest", "plugin: calico"))
        done = lab.run("up", "--yes", expect=1)
    finally:
        lab.inventory.write_text(text)
    assert "KB-NETWORK-PLUGIN" in done.stderr
    assert "10-kube-router.conflist" in done.stderr
    assert lab.fingerprints() ^ before == set()


def test_a_node_that_was_reset_comes_back(lab: Lab) -> None:
    lab.run("reset", "--limit", CLIENT, "--yes")
    assert lab.ssh(CLIENT, "sh", "-c", "ls /etc/cni/net.d/*.conflist 2>/dev/null; true") == ""
    lab.run("up", "--yes", "--limit", CLIENT)
    lab.wait_for_ready(HOSTS)


def test_reset_takes_the_plugins_configuration_and_twice_is_once(lab: Lab) -> None:
    lab.run("reset", "--yes")
    for host in HOSTS:
        assert lab.ssh(host, "sh", "-c", "ls -A /etc/cni/net.d 2>/dev/null; true") == "", host
    assert changed(lab.run("reset", "--yes").stderr) == 0

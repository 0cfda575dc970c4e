"""What a fake cluster knows of itself, and what kubectl reads and changes of it."""

from __future__ import annotations

import functools
import json
import threading
from typing import Any

from fake_answers import config_map, daemon_set, deployment, node, object_list, pod, token_secret
from fake_etcd import FakeEtcd
from fake_host import FakeConnection
from fake_rows import fields_of, rows
from fake_shell import plain, plain_words, split
from fake_state import Reply
from yaml_texts import document, documents

from k8sboot.kubernetes.paths import KUBELET_CONF


@functools.lru_cache(maxsize=16)
def _manifest(text: str) -> tuple[dict[str, Any], ...]:
    """Its objects, which are asked for again and again, and only read."""
    return tuple(each for each in documents(text) if each)


class Kubectl:
    """The Nodes and objects of a cluster, as far as k8sboot asks kubectl for them."""

    def __init__(self) -> None:
        self.members: list[str] = []
        self.still_ready: set[str] = set()
        """Nodes of which the cluster has not noticed yet that their kubelet has stopped."""
        """Names of Nodes."""
        self.etcd = FakeEtcd()
        self.tokens: dict[str, dict[str, str]] = {}
        self.applied: dict[str, str] = {}
        self.settings: dict[str, dict[str, dict[str, str]]] = {}
        """Of each Node: label, taint (KEY:EFFECT) and annotate, as kubectl calls them, by key."""
        self.addresses: dict[str, str] = {}
        """InternalIP of each Node."""
        self.starting: list[str] = []
        """Names of Pods that are not ready at the next look."""
        self.pools: Reply | str = (1, "", "error: the server doesn't have a resource type\n")
        """Calico's, as kubectl answers."""
        self.documents: dict[str, dict[str, Any]] = {}
        """kubeadm's documents by kind, as init stored them."""
        self.unready: list[str] = []
        """Nodes whose Pods are not ready."""
        self.node_message = ""
        """Why no Node is Ready, '' if all are."""
        self.events = ""
        """Of kube-system, as `status` asks for them."""
        self.on_host_unready = ""
        """The name of a Pod on its node's network that is not ready."""
        self.pod_address = ""
        """Of every Pod, '' for none."""
        self.hosts: dict[str, FakeConnection] = {}
        self._lock = threading.RLock()

    @property
    def proxy_mode(self) -> str:
        """kube-proxy's."""
        return str(self.proxy["mode"])

    @proxy_mode.setter
    def proxy_mode(self, mode: str) -> None:
        self.proxy = {**self.proxy, "mode": mode}

    @property
    def proxy(self) -> dict[str, Any]:
        """kube-proxy's configuration."""
        return self.documents["KubeProxyConfiguration"]

    @proxy.setter
    def proxy(self, config: dict[str, Any]) -> None:
        self.documents = {**self.documents, "KubeProxyConfiguration": config}

    def _objects(self) -> list[dict[str, Any]]:
        if not self.documents:
            return []
        cluster = self.documents["ClusterConfiguration"]
        minor = cluster["kubernetesVersion"].removeprefix("v").rpartition(".")[0]
        manifests = [each for text in self.applied.values() for each in _manifest(text)]
        deployed = [
            each for each in manifests if each["metadata"]["name"] in ("calico-node", "metrics-server")
        ]
        return [
            config_map("kubeadm-config", "ClusterConfiguration", cluster),
            config_map(f"kubelet-config-{minor}", "kubelet", self.documents["KubeletConfiguration"]),
            config_map("kube-proxy", "config.conf", self.proxy),
            *(each for each in deployed if each["kind"] in ("DaemonSet", "Deployment")),
            *(each for each in manifests if each["metadata"]["name"] == "calico-config"),
        ]

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.RLock())

    def _kubectl(self, host: FakeConnection, words: list[str]) -> Reply | str:
        if "kubectl" not in host.packages:
            return 127, "", "kubectl: not found\n"
        words = plain_words(words)
        assert words[1] == "--kubeconfig"
        if words[2] not in host.files:
            return 1, "", f"error: stat {words[2]}: no such file or directory\n"
        with self._lock:
            return self._do_kubectl(host, plain(words).removeprefix("kubectl "))

    def _do_kubectl(self, host: FakeConnection, line: str) -> Reply | str:
        words = list(split(line))
        if words[0] == "get":
            return self._get(host, line)
        match words:
            case ["diff", "-f", path, *_] if path not in host.files:
                return 1, "", f'error: the path "{path}" does not exist\n'
            case ["diff", "-f", path, *_]:
                return (0, "", "") if self.applied.get(path) == host.text(path) else (1, "+ differs\n", "")
            case ["wait", "--for", "condition=Established", *_]:
                return "met\n"
            case ["apply", "--filename", path, *_]:
                self.applied[path] = host.text(path)
                return "applied\n"
            case ["replace", "--filename", path]:
                self.proxy = document(json.loads(host.text(path))["data"]["config.conf"])
                return "replaced\n"
            case ["rollout", "restart", *_] | ["drain", *_]:
                return "done\n"
            case ["top", "nodes", "--no-headers"]:
                return "".join(f"{name} 50m 2% 900Mi 12%\n" for name in self.members)
            case ["exec", "--namespace", "kube-system", pod_name, "--", "etcdctl", *rest]:
                assert pod_name == f"etcd-{host.name}"
                return self.etcd.ctl(rest)
            case ["label" | "taint" | "annotate" as kind, "node", name, *settings, "--overwrite"]:
                self._set(name, kind, settings)
                return f"node/{name} changed\n"
            case ["delete", "node", name, *_]:
                self.members.remove(name)
                return "deleted\n"
        raise host._unknown(line)

    def _set(self, node: str, kind: str, settings: list[str]) -> None:
        assert node in self.members
        assert settings
        there = self.settings.setdefault(node, {}).setdefault(kind, {})
        for word in settings:
            head, sign, value = word.partition("=")
            if not sign and word.endswith("-"):
                del there[word.removesuffix("-")]
                continue
            if kind == "taint" and sign:
                value, _, effect = value.rpartition(":")
                head = f"{head}:{effect}"
            there[head] = value

    def node_object(self, name: str) -> dict[str, Any]:
        """A Node with its labels, taints and annotations."""
        found = self.settings.get(name, {})
        made = node(name, self.addresses[name])
        made["metadata"] |= {"labels": found.get("label", {}), "annotations": found.get("annotate", {})}
        taints = [(*key.rpartition(":")[::2], value) for key, value in found.get("taint", {}).items()]
        if host := self.hosts.get(name):
            if KUBELET_CONF not in host.files and name not in self.still_ready:
                made["status"]["conditions"][0]["status"] = "Unknown"
            made["status"]["nodeInfo"] = {"machineID": host.text("/etc/machine-id").strip()}
        made["spec"] = {"taints": [{"key": k, "effect": e, "value": v} for k, e, v in taints]}
        if self.node_message:
            ready = {"type": "Ready", "status": "False", "message": self.node_message}
            made["status"]["conditions"] = [ready]
        return made

    def _pod(self, name: str) -> dict[str, Any]:
        made = pod(name)
        if made["metadata"]["name"] == self.on_host_unready:
            made["status"], made["spec"]["hostNetwork"] = {"phase": "Pending"}, True
        return made | {"status": {**made["status"], "podIP": self.pod_address}} if self.pod_address else made

    def _pod_on(self, name: str) -> dict[str, Any]:
        """A Pod there: its containers are as often restarted as the runtime, if kubelet has noticed."""
        status = {"phase": "Pending"} if name in self.unready else pod(name)["status"]
        engine = self.hosts[name].units.get("docker.service")  # containerd's containers outlive it
        count = engine.restarts if engine else 0
        return pod(name) | {"status": {**status, "containerStatuses": [{"restartCount": count}]}}

    def _get(self, host: FakeConnection, line: str) -> Reply | str:
        if line.startswith("get --raw /readyz"):
            return "ok"
        if line.startswith("get secrets "):
            return object_list("Secret", [token_secret(t) for t in self.tokens.values()])
        if line.startswith("get nodes "):
            return rows(map(self.node_object, self.members), fields_of(split(line)))
        if line.startswith("get events ") and "custom-columns" in line:
            return self.events
        if line.startswith("get events "):
            return 1, "", "error: array index out of bounds: index -1, length 0\n"
        if line.startswith("get pods ") and "spec.nodeName=" in line:
            name = line.rpartition("spec.nodeName=")[2].split()[0]
            return rows([self._pod_on(name)], fields_of(split(line)))
        if line.startswith("get pods "):
            return rows(map(self._pod, self.members), fields_of(split(line)))
        if line.startswith("get daemonsets,deployments,pods "):
            daemon_sets = map(daemon_set, ("kube-proxy", "calico-node"))
            deployments = map(deployment, ("metrics-server", "calico-kube-controllers"))
            young = [pod(name) | {"status": {"phase": "Pending"}} for name in self.starting]
            self.starting = []
            return rows([*daemon_sets, *deployments, *young], fields_of(split(line)))
        if line.startswith("get ippools.crd.projectcalico.org "):
            return self.pools
        if line.startswith("get configmap/kubeadm-config "):
            return rows(self._objects(), fields_of(split(line)))
        if line.startswith("get configmap kube-proxy "):
            return json.dumps(config_map("kube-proxy", "config.conf", self.proxy))
        raise host._unknown(line)

"""Fake hosts that make a cluster together: what kubeadm and docker do to them."""

from __future__ import annotations

import copy
import datetime
import re
from collections.abc import Callable
from typing import Any

from fake_answers import (
    ca_certificate,
    cgroup_driver,
    controller_manager,
    crictl_images,
    crictl_pull,
    dns_answer,
    has_fresh_lists,
    images,
    kubeadm_program,
    kubeconfig,
    pull,
    traces,
)
from fake_host import FakeConnection
from fake_kubectl import Kubectl
from fake_mounts import MOUNT_SCRIPTS, volume_mounts
from fake_state import Reply
from fake_status import api_ready, cluster_status, etcd_metrics
from fake_systems import debian
from inventories import VERSION
from yaml_texts import by_kind, documents, printed

from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.kernel import REQUIRED_MODULES, SYSCTLS
from k8sboot.membership.reading import CONTROLLER_MANAGER, PARTS, begun
from k8sboot.osfamily.debian import LISTS
from k8sboot.paths import CLUSTER_MARK, UNFINISHED


def copied(cluster: FakeCluster) -> FakeCluster:
    """Another cluster in the same state; the inventory is frozen, and shared."""
    return copy.deepcopy(cluster, {id(cluster.spec): cluster.spec})


def _node_ip(host: FakeConnection) -> str:
    """The address that kubelet reports."""
    files = (path for path in ("/etc/default/kubelet", "/etc/sysconfig/kubelet") if path in host.files)
    found = re.search(r"--node-ip=([0-9.]+)", "".join(map(host.text, files)))
    return found[1] if found else ""


class FakeCluster(Kubectl):
    """The hosts of an inventory, bare, and what they have in common once they are a cluster."""

    def __init__(self, wanted: Spec, **systems: Callable[[], dict[str, Any]]) -> None:
        """systems: host name -> what its bare system is, see fake_systems; Debian where it is not said."""
        super().__init__()
        self.spec = wanted
        self.addresses = {h.name: h.address for h in wanted.hosts}
        self.ca = ca_certificate(b"\x01")
        self.hosts = {h.name: self._bare(h, systems.get(h.name, debian)()) for h in wanted.hosts}

    def _bare(self, host: HostSpec, system: dict[str, Any]) -> FakeConnection:
        return FakeConnection(
            name=host.name,
            sysctls={key: "7" for key in SYSCTLS if "bridge" not in key and "detach" not in key},
            answers=self._answers(),
            **system,
        )

    def _answers(self) -> dict[str, Any]:
        return {
            "timeout 5 bash -c": "",
            "apt-lists-are-fresh": has_fresh_lists,
            f"ls {LISTS}": has_fresh_lists,
            "yum-lists-are-fresh": has_fresh_lists,
            "yum-health": "",
            "yum-lock-holder": "",
            "network-raises-links": (1, "", ""),
            "container": (1, "none\n", ""),
            "cgroups": "cgroup2fs\n",
            "missing-control-groups": "",
            "cgroup-driver": cgroup_driver,
            "runtime-bystanders": "",
            "runtime-flags": "/usr/bin/dockerd\n-H\nfd://\n",
            "kubectl-users": "ops:ops:/home/ops\nroot:root:/root\n",
            "proxy-mode": self._proxy_mode,
            "proxy-left": "",
            "api-ready": api_ready,
            "etcd-metrics": self._etcd_metrics,
            "cluster-status": self._cluster_status,
            "service-dns": self._service_dns,
            "cni-in-force": "",
            "pod-logs": "",
            "kubernetes-traces": traces,
            "kubeadm-program": kubeadm_program,
            "volume-mounts": volume_mounts,
            "docker image ls": images,
            "docker pull": pull,
            "timeout 900 crictl": crictl_pull,
            "containerd-config-is-the-packages": "",
            "containerd-registries": "",
            "containerd-data": "/var/lib/containerd\n0\n",
            "/bin/sh -c": self._shell,
            "kubeadm": self._kubeadm,
            "kubectl": self._kubectl,
        }

    def _proxy_mode(self, host: FakeConnection, _words: list[str]) -> Reply | str:
        return self.proxy_mode if host.name in self.members else (1, "", "")

    def _service_dns(self, host: FakeConnection, _words: list[str]) -> Reply | str:
        return dns_answer() if host.name in self.members else (1, "", "")

    def _cluster_status(self, host: FakeConnection, _words: list[str]) -> str:
        return cluster_status(self, host)

    def _etcd_metrics(self, host: FakeConnection, _words: list[str]) -> Reply | str:
        if host.name not in self.etcd:
            return 1, "", ""
        return etcd_metrics(self.etcd, host.name, alive=self.etcd, leader=self.etcd[0])

    # -- kubeadm

    def _kubeadm(self, host: FakeConnection, words: list[str]) -> Reply | str:
        if not kubeadm_program(host, words):
            return 127, "", "kubeadm: not found\n"
        with self._lock:
            return self._do_kubeadm(host, words)

    def _do_kubeadm(self, host: FakeConnection, words: list[str]) -> Reply | str:
        match words[1:]:
            case ["config", "images", "list", *rest]:
                at = rest[rest.index("--image-repository") + 1]
                return "".join(
                    f"{at}/{name}:v1\n"
                    for name in ("kube-apiserver", "kube-proxy", "pause", "coredns/coredns")
                )
            case ["config", "migrate", "--old-config", path]:
                assert documents(host.text(path))
                return ""
            case ["config", "validate", "--config", path]:
                assert documents(host.text(path))
                return "ok\n"
            case ["init", "--config", path, *rest]:
                assert "--skip-token-print" in rest
                return self._init(host, path)
            case ["join", "--config", path]:
                return self._join(host, path)
            case ["reset", "--force", "--cri-socket", _]:
                return self._reset(host)
            case ["token", "create", *rest]:
                return self._create_token(rest)
            case ["token", "delete", token, *_]:
                del self.tokens[token]
                return f"bootstrap token {token!r} deleted\n"
            case ["init", "phase", "upload-certs", *_]:
                return f"[upload-certs] Using certificate key:\n{'c' * 64}\n"
        raise host._unknown(" ".join(words))

    def _init(self, host: FakeConnection, path: str) -> Reply | str:
        if "/etc/kubernetes/admin.conf" in host.files or self.members:
            return 1, "", "error: already initialised\n"
        config = by_kind(host.text(path))
        assert config["ClusterConfiguration"]["kubernetesVersion"] == f"v{VERSION}"
        self.documents = copy.deepcopy(config)
        self._become_master(host)
        return "Your Kubernetes control-plane has initialized successfully!\n"

    def _become_master(self, host: FakeConnection) -> None:
        server = self.documents["ClusterConfiguration"]["controlPlaneEndpoint"]
        name = self.documents["ClusterConfiguration"]["clusterName"]
        admin = kubeconfig(self.ca, "kubernetes-admin", server, name=name)
        host.put("/etc/kubernetes/admin.conf", admin, mode=0o600)
        host.put("/etc/kubernetes/pki/ca.key", "the CA's private key", mode=0o600)
        host.put(CONTROLLER_MANAGER, controller_manager(self.documents["ClusterConfiguration"]))
        self.etcd.append(host.name)
        self._become_member(host)

    def _become_member(self, host: FakeConnection) -> None:
        assert {host.modules.get(name) for name in REQUIRED_MODULES} == {"loaded"}
        assert host.facts["hostname"] == host.name
        server = self.documents["ClusterConfiguration"]["controlPlaneEndpoint"]
        domain = self.documents["ClusterConfiguration"]["networking"]["dnsDomain"]
        host.put("/etc/kubernetes/pki/ca.crt", self.ca)
        configuration = {"clusterDomain": domain, **self.documents["KubeletConfiguration"]}
        host.put("/var/lib/kubelet/config.yaml", printed(configuration))
        user = f"system:node:{host.name}"
        host.put("/etc/kubernetes/kubelet.conf", kubeconfig(self.ca, user, server), mode=0o600)
        self.addresses[host.name] = _node_ip(host) or self.addresses[host.name]
        host.units["kubelet.service"].active = "active"
        if host.name not in self.members:
            self.members.append(host.name)

    def _join(self, host: FakeConnection, path: str) -> Reply | str:
        found = host.files[path]
        assert found.mode == 0o600  # type: ignore[union-attr]
        wanted = by_kind(host.text(path))["JoinConfiguration"]
        token_id, _, secret = wanted["discovery"]["bootstrapToken"]["token"].partition(".")
        if self.tokens.get(token_id, {}).get("token-secret") != secret:
            return 1, "", "error: could not find a JWS signature\n"
        if "controlPlane" in wanted:
            assert wanted["controlPlane"]["certificateKey"] == "c" * 64
            if host.name in self.etcd:
                return 1, "", "error execution phase check-etcd: etcd cluster is not healthy\n"
            self._become_master(host)
        else:
            self._become_member(host)
        return "This node has joined the cluster\n"

    def _reset(self, host: FakeConnection) -> str:
        host._do_rm(list(host.mounts))  # what it cannot unmount, it empties
        host._do_rm(["/var/lib/kubelet/config.yaml", "/etc/kubernetes/pki", "/etc/kubernetes/manifests"])
        for name in ("admin.conf", "kubelet.conf"):
            host.files.pop(f"/etc/kubernetes/{name}", None)
        host.units["kubelet.service"].active = "inactive"
        if host.name in self.members and host.name in self.etcd:  # else it cannot read the cluster's settings
            self.etcd.remove(host.name)
        if not any(self.hosts[h.name].files.get("/etc/kubernetes/admin.conf") for h in self.spec.masters):
            self.tokens.clear()
            self.applied.clear()
            self.members.clear()
            self.etcd.clear()
            self.documents.clear()
        return "reset\n"

    def _create_token(self, words: list[str]) -> str:
        number = len(self.tokens)
        ttl = datetime.timedelta(minutes=10 if words[words.index("--ttl") + 1] == "10m0s" else 60)
        expires = datetime.datetime.now(datetime.timezone.utc) + ttl
        token = {
            "token-id": f"abc{number:03}", "token-secret": f"{number:016}",
            "description": words[words.index("--description") + 1],
            "expiration": expires.isoformat(timespec="seconds"),
            "usage-bootstrap-authentication": "true", "usage-bootstrap-signing": "true",
        }  # fmt: skip
        self.tokens[token["token-id"]] = token
        return f"{token['token-id']}.{token['token-secret']}\n"

    # -- shell

    def _shell(self, host: FakeConnection, words: list[str]) -> Reply | str:
        if words[2] in MOUNT_SCRIPTS:
            return MOUNT_SCRIPTS[words[2]](host)
        if words[3:4] == ["stop-pods"]:
            return ""
        if words[3:4] == ["images"]:
            return crictl_images(host, words)
        if words[3:4] in (["remove"], ["take-away"]):
            host._do_rm(words[4:])
            return ""
        if words[3:4] == ["bring-back"]:
            return self._bring_back(host, *words[4:])
        if words[4:6] == ["kubeadm", "init"]:
            host.put(words[3], "c" * 64 + "\n", mode=0o600)
            return ""
        if words[2] == begun()[2]:
            return self._begin(host)
        if words[2].startswith(f"MARK={CLUSTER_MARK}\n"):
            name = words[2].split("CLUSTER=")[1].split("\n")[0]
            host.put(CLUSTER_MARK, f"cluster: {name}\n{host.text('/etc/kubernetes/pki/ca.crt')}")
            return ""
        if "-restore --noflush" in words[2]:
            host.answers["proxy-left"] = ""
            return ""
        assert "ip link delete" in words[2], words
        return ""

    def _bring_back(self, host: FakeConnection, path: str, original: str, _made: str) -> Reply | str:
        if original:
            host.files[path] = host.files[original]
        else:
            del host.files[path]
        return ""

    def _begin(self, host: FakeConnection) -> Reply | str:
        """The mark of a kubeadm run."""
        if "/etc/kubernetes/kubelet.conf" in host.files:
            return 1, "", "/etc/kubernetes/kubelet.conf exists\n"
        host.put(UNFINISHED, "".join(f"absent: {path}\n" for path in PARTS if path not in host.files))
        return ""

"""Fake hosts that make a cluster together: what kubeadm, kubectl and docker do to them."""

from __future__ import annotations

import base64
import datetime
import json
import shlex
import struct
import threading
from pathlib import Path
from typing import Any

import yaml
from fake_host import FakeConnection, FakeUnit, Reply, plain

from k8sboot.inventory.model import (
    CalicoSettings,
    ClusterSettings,
    HostSpec,
    OsSettings,
    Repository,
    Spec,
)
from k8sboot.kubernetes import dns
from k8sboot.kubernetes.kernel import OPTIONAL_MODULES, REQUIRED_MODULES, SYSCTLS
from k8sboot.osfamily.debian import Debian
from k8sboot.phases.verify import QUERY_ID

VERSION = "1.23.17"
CALICO = Path(__file__).parent / "kubernetes" / "calico-small.yaml"
OFFERED = {
    **dict.fromkeys(("docker-ce", "docker-ce-cli"), ("5:20.10.24~3-0~debian",)),
    **dict.fromkeys(("kubeadm", "kubelet", "kubectl"), (f"{VERSION}-00",)),
    "containerd.io": ("1.6.0-1",),
}
IPVS = ("ip_vs", "ip_vs_rr", "ip_vs_wrr", "ip_vs_sh", "nf_conntrack")


def spec(*, masters: int = 1, nodes: int = 2, **settings: Any) -> Spec:
    """An inventory of so many machines that fetches nothing from anywhere."""
    names = [f"m{n + 1}" for n in range(masters)] + [f"n{n + 1}" for n in range(nodes)]
    hosts = [
        HostSpec(name, f"192.0.2.{index + 1}", "master" if index < masters else "node")
        for index, name in enumerate(names)
    ]
    mirror = {
        name: Repository(f"http://mirror.example.com/{name}", key=f"http://mirror.example.com/{name}.asc")
        for name in ("docker", "kubernetes")
    }
    given: dict[str, Any] = {
        "cluster": ClusterSettings(control_plane_endpoint="192.0.2.1:6443", kubernetes_version=f"v{VERSION}"),
        "os": OsSettings(repositories=mirror),
        "calico": CalicoSettings(manifest=str(CALICO)),
        **settings,
    }
    return Spec(masters=tuple(hosts[:masters]), nodes=tuple(hosts[masters:]), **given)


class FakeCluster:
    """The hosts of an inventory, bare, and what they have in common once they are a cluster."""

    def __init__(self, wanted: Spec) -> None:
        self.spec = wanted
        self.members: list[str] = []
        self.tokens: dict[str, dict[str, str]] = {}
        self.applied: dict[str, str] = {}
        self.proxy_mode = "ipvs"
        self.ca = ca_certificate(b"\x01")
        self._lock = threading.RLock()
        self.hosts = {h.name: self._bare(h) for h in wanted.hosts}

    def _bare(self, host: HostSpec) -> FakeConnection:
        modules = dict.fromkeys((*REQUIRED_MODULES, *OPTIONAL_MODULES, *IPVS), "available")
        base = (*Debian.base_packages, "chrony")
        return FakeConnection(
            name=host.name,
            offered={**OFFERED, **dict.fromkeys(base, ("1.0-1",))},
            modules=modules,
            sysctls={key: "7" for key in SYSCTLS if "bridge" not in key and "detach" not in key},
            facts={"hostname": "debian"},
            files={"/etc/fstab": "/dev/sda2 none swap sw 0 0\n", "/etc/hostname": "debian\n"},
            units={"ufw.service": FakeUnit("active", "enabled")},
            answers=self._answers(),
        )

    def _answers(self) -> dict[str, Any]:
        return {
            "apt-lists-are-fresh": _has_fresh_lists,
            "find /var/lib/apt/lists": _has_fresh_lists,
            "container": (1, "none\n", ""),
            "cgroup-driver": _cgroup_driver,
            "kubectl-users": "ops:ops:/home/ops\nroot:root:/root\n",
            "proxy-mode": self._proxy_mode,
            "service-dns": self._service_dns,
            "kubernetes-traces": _traces,
            "docker image ls": _images,
            "docker pull": _pull,
            "/bin/sh -c": self._shell,
            "kubeadm": self._kubeadm,
            "kubectl": self._kubectl,
        }

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.RLock())

    def _proxy_mode(self, host: FakeConnection, _words: list[str]) -> Reply | str:
        return self.proxy_mode if host.name in self.members else (1, "", "")

    def _service_dns(self, host: FakeConnection, _words: list[str]) -> Reply | str:
        return _dns_answer() if host.name in self.members else (1, "", "")

    # -- kubeadm

    def _kubeadm(self, host: FakeConnection, words: list[str]) -> Reply | str:
        if "kubeadm" not in host.packages:
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
                assert yaml.safe_load_all(host.text(path))
                return ""
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
        documents = {d["kind"]: d for d in yaml.safe_load_all(host.text(path))}
        assert documents["ClusterConfiguration"]["kubernetesVersion"] == f"v{VERSION}"
        self.proxy_mode = documents["KubeProxyConfiguration"]["mode"]
        self._become_master(host)
        return "Your Kubernetes control-plane has initialized successfully!\n"

    def _become_master(self, host: FakeConnection) -> None:
        host.put("/etc/kubernetes/pki/ca.crt", self.ca)
        host.put("/etc/kubernetes/admin.conf", self._kubeconfig("kubernetes-admin"), mode=0o600)
        self._become_member(host)

    def _become_member(self, host: FakeConnection) -> None:
        assert {host.modules.get(name) for name in REQUIRED_MODULES} == {"loaded"}
        assert host.facts["hostname"] == host.name
        host.put("/etc/kubernetes/kubelet.conf", self._kubeconfig("node"), mode=0o600)
        host.units["kubelet.service"].active = "active"
        self.members.append(host.name)

    def _kubeconfig(self, user: str) -> str:
        data = base64.b64encode(self.ca.encode()).decode()
        return json.dumps({
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": user}}],
            "clusters": [{"name": "k", "cluster": {
                "server": "https://192.0.2.1:6443", "certificate-authority-data": data}}],
        })  # fmt: skip

    def _join(self, host: FakeConnection, path: str) -> Reply | str:
        found = host.files[path]
        assert found.mode == 0o600  # type: ignore[union-attr]
        wanted = next(d for d in yaml.safe_load_all(host.text(path)) if d["kind"] == "JoinConfiguration")
        token_id, _, secret = wanted["discovery"]["bootstrapToken"]["token"].partition(".")
        if self.tokens.get(token_id, {}).get("token-secret") != secret:
            return 1, "", "error: could not find a JWS signature\n"
        if "controlPlane" in wanted:
            assert wanted["controlPlane"]["certificateKey"] == "c" * 64
            self._become_master(host)
        else:
            self._become_member(host)
        return "This node has joined the cluster\n"

    def _reset(self, host: FakeConnection) -> str:
        host._do_rm(["/etc/kubernetes/pki", "/etc/kubernetes/manifests"])
        for name in ("admin.conf", "kubelet.conf"):
            host.files.pop(f"/etc/kubernetes/{name}", None)
        host.units["kubelet.service"].active = "inactive"
        if host.name in self.members:
            self.members.remove(host.name)
        if not any(self.hosts[h.name].files.get("/etc/kubernetes/admin.conf") for h in self.spec.masters):
            self.tokens.clear()
            self.applied.clear()
            self.members.clear()
        return "reset\n"

    def _create_token(self, words: list[str]) -> str:
        number = len(self.tokens)
        expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        token = {
            "token-id": f"abc{number:03}", "token-secret": f"{number:016}",
            "description": words[words.index("--description") + 1],
            "expiration": expires.isoformat(timespec="seconds"),
            "usage-bootstrap-authentication": "true", "usage-bootstrap-signing": "true",
        }  # fmt: skip
        self.tokens[token["token-id"]] = token
        return f"{token['token-id']}.{token['token-secret']}\n"

    # -- kubectl

    def _kubectl(self, host: FakeConnection, words: list[str]) -> Reply | str:
        if "kubectl" not in host.packages:
            return 127, "", "kubectl: not found\n"
        assert words[1] == "--kubeconfig"
        if words[2] not in host.files:
            return 1, "", f"error: stat {words[2]}: no such file or directory\n"
        with self._lock:
            return self._do_kubectl(host, plain(words).removeprefix("kubectl "))

    def _do_kubectl(self, host: FakeConnection, line: str) -> Reply | str:
        words = shlex.split(line)
        if words[0] == "get":
            return self._get(host, line)
        match words:
            case ["diff", "-f", path]:
                return (0, "", "") if self.applied.get(path) == host.text(path) else (1, "+ differs\n", "")
            case ["apply", "--filename", path]:
                self.applied[path] = host.text(path)
                return "applied\n"
            case ["replace", "--filename", path]:
                config = json.loads(host.text(path))["data"]["config.conf"]
                self.proxy_mode = yaml.safe_load(config)["mode"]
                return "replaced\n"
            case ["rollout", "restart", *_] | ["top", "nodes"] | ["drain", *_]:
                return "done\n"
            case ["delete", "node", name, *_]:
                self.members.remove(name)
                return "deleted\n"
        raise host._unknown(line)

    def _get(self, host: FakeConnection, line: str) -> Reply | str:
        if line.startswith("get --raw /readyz"):
            return "ok"
        if line.startswith("get secrets "):
            return _list("Secret", [self._token_secret(t) for t in self.tokens.values()])
        if line.startswith("get nodes "):
            return _list("Node", [_node(name) for name in self.members])
        if line.startswith("get pods "):
            return _list("Pod", [_pod(name) for name in self.members])
        if line.startswith("get daemonsets,deployments "):
            daemon_sets = map(_daemon_set, ("kube-proxy", "calico-node"))
            deployments = map(_deployment, ("metrics-server", "calico-kube-controllers"))
            return json.dumps({"items": [*daemon_sets, *deployments]})
        if line.startswith("get configmap kube-proxy "):
            config = yaml.safe_dump(
                {"mode": self.proxy_mode, "ipvs": {"scheduler": "rr", "strictARP": False}}
            )
            return json.dumps({"metadata": {"resourceVersion": "1"}, "data": {"config.conf": config}})
        raise host._unknown(line)

    def _token_secret(self, token: dict[str, str]) -> dict[str, Any]:
        data = {key: base64.b64encode(value.encode()).decode() for key, value in token.items()}
        return {
            "type": "bootstrap.kubernetes.io/token",
            "metadata": {"name": token["token-id"]},
            "data": data,
        }

    # -- shell

    def _shell(self, host: FakeConnection, words: list[str]) -> Reply | str:
        if words[4:6] == ["kubeadm", "init"]:
            host.put(words[3], "c" * 64 + "\n", mode=0o600)
            return ""
        assert "ip link delete" in words[2], words
        return ""


def _cgroup_driver(host: FakeConnection, _words: list[str]) -> Reply | str:
    if host.units.get("docker.service") is None:
        return 127, "", ""
    return "systemd\n" if "cgroupdriver=systemd" in host.text("/etc/docker/daemon.json") else "cgroupfs\n"


def _images(host: FakeConnection, _words: list[str]) -> str:
    return "".join(f"{line.split()[-1]}\n" for line in host.events if line.startswith("docker pull"))


def _pull(host: FakeConnection, words: list[str]) -> str:
    assert host.units["docker.service"].active == "active"
    return words[-1] + "\n"


def _has_fresh_lists(host: FakeConnection, _words: list[str]) -> Reply:
    return (0 if host.has_fresh_lists else 1), "", ""


def _traces(host: FakeConnection, _words: list[str]) -> str:
    begins = ("/etc/kubernetes/", "/var/lib/k8sboot/kubeadm-unfinished")
    return "".join(f"{path}\n" for path in sorted(host.files) if path.startswith(begins))


def _dns_answer() -> str:
    name = "kubernetes.default.svc.cluster.local"
    question = dns.a_query(name, QUERY_ID)[12:]
    header = struct.pack(">HHHHHH", QUERY_ID, 0x8180, 1, 1, 0, 0)
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 30, 4) + bytes([10, 96, 0, 1])
    return base64.b64encode(header + question + record).decode()


def _list(kind: str, items: list[dict[str, Any]]) -> str:
    return json.dumps({"kind": f"{kind}List", "items": items})


def _node(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}


def _pod(node: str) -> dict[str, Any]:
    return {**_node(f"kube-proxy-{node}"), "spec": {"nodeName": node}}


def _daemon_set(name: str) -> dict[str, Any]:
    status = {
        "desiredNumberScheduled": 1,
        "updatedNumberScheduled": 1,
        "numberReady": 1,
        "observedGeneration": 1,
    }
    return {"kind": "DaemonSet", "metadata": {"name": name, "generation": 1}, "status": status}


def _deployment(name: str) -> dict[str, Any]:
    status = {"updatedReplicas": 1, "readyReplicas": 1, "replicas": 1, "observedGeneration": 1}
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "generation": 1},
        "spec": {"replicas": 1},
        "status": status,
    }


def ca_certificate(key: bytes) -> str:
    """The shape of a certificate, as far as its public key's fingerprint needs it."""

    def field_(tag: int, content: bytes) -> bytes:
        return bytes([tag, len(content)]) + content

    fields = field_(0x02, b"\0") + field_(0x30, b"") * 4 + field_(0x30, key)
    data = base64.b64encode(field_(0x30, field_(0x30, fields))).decode()
    return f"-----BEGIN CERTIFICATE-----\n{data}\n-----END CERTIFICATE-----\n"

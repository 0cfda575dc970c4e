"""What a cluster answers, as kubectl, DNS and kubeadm print it."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

from fake_host import FakeConnection
from fake_state import Reply
from yaml_texts import printed

from k8sboot.kubernetes import dns
from k8sboot.paths import UNFINISHED
from k8sboot.phases.verify import QUERY_ID


def dns_answer() -> str:
    """The API's Service address, as CoreDNS says it."""
    name = "kubernetes.default.svc.cluster.local"
    question = dns.a_query(name, QUERY_ID)[12:]
    header = struct.pack(">HHHHHH", QUERY_ID, 0x8180, 1, 1, 0, 0)
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 30, 4) + bytes([10, 96, 0, 1])
    return base64.b64encode(header + question + record).decode()


def object_list(kind: str, items: list[dict[str, Any]]) -> str:
    """kubectl's list of objects."""
    return json.dumps({"kind": f"{kind}List", "items": items})


def node(name: str, address: str = "") -> dict[str, Any]:
    """A Ready node."""
    addresses = [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}]
    ready = [{"type": "Ready", "status": "True"}]
    return {"metadata": {"name": name}, "status": {"conditions": ready, "addresses": addresses}}


def pod(node_name: str) -> dict[str, Any]:
    """A ready pod."""
    return {"kind": "Pod", **node(f"kube-proxy-{node_name}"), "spec": {"nodeName": node_name}}


def daemon_set(name: str) -> dict[str, Any]:
    """A settled DaemonSet."""
    status = {
        "desiredNumberScheduled": 1,
        "updatedNumberScheduled": 1,
        "numberReady": 1,
        "observedGeneration": 1,
    }
    return {"kind": "DaemonSet", "metadata": {"name": name, "generation": 1}, "status": status}


def deployment(name: str) -> dict[str, Any]:
    """A settled Deployment."""
    status = {"updatedReplicas": 1, "readyReplicas": 1, "replicas": 1, "observedGeneration": 1}
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "generation": 1},
        "spec": {"replicas": 1},
        "status": status,
    }


def config_map(name: str, key: str, document: dict[str, Any]) -> dict[str, Any]:
    """A ConfigMap that holds one document."""
    meta = {"name": name, "namespace": "kube-system", "resourceVersion": "1"}
    return {"kind": "ConfigMap", "metadata": meta, "data": {key: printed(document)}}


def ca_certificate(key: bytes) -> str:
    """The shape of a certificate, as far as its public key's fingerprint needs it."""

    def field_(tag: int, content: bytes) -> bytes:
        return bytes([tag, len(content)]) + content

    fields = field_(0x02, b"\0") + field_(0x30, b"") * 4 + field_(0x30, key)
    data = base64.b64encode(field_(0x30, field_(0x30, fields))).decode()
    return f"-----BEGIN CERTIFICATE-----\n{data}\n-----END CERTIFICATE-----\n"


def token_secret(token: dict[str, str]) -> dict[str, Any]:
    """A bootstrap token as the Secret that holds it."""
    data = {key: base64.b64encode(value.encode()).decode() for key, value in token.items()}
    return {"type": "bootstrap.kubernetes.io/token", "metadata": {"name": token["token-id"]}, "data": data}


def kubeconfig(
    ca: str, user: str, server: str = "192.0.2.1:6443", *, name: str = "kubernetes", issue: int = 1
) -> str:
    """A kubeconfig for the cluster with this CA, as kubeadm names what is in it. issue: of its certificate."""
    data = base64.b64encode(ca.encode()).decode()
    cluster = {"server": f"https://{server}", "certificate-authority-data": data}
    context = f"{user}@{name}"
    login = {
        f"client-{kind}-data": base64.b64encode(f"{kind} {issue} of {user}".encode()).decode()
        for kind in ("certificate", "key")
    }
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "contexts": [{"name": context, "context": {"cluster": name, "user": user}}],
            "clusters": [{"name": name, "cluster": cluster}],
            "preferences": {},
            "users": [{"name": user, "user": login}],
        }
    )


def controller_manager(configuration: dict[str, Any]) -> str:
    """The flags in its manifest that say which cluster it is."""
    networks = configuration["networking"]
    flags = {
        "cluster-cidr": networks["podSubnet"],
        "cluster-name": configuration["clusterName"],
        "service-cluster-ip-range": networks["serviceSubnet"],
    }
    lines = "".join(f"    - --{name}={value}\n" for name, value in flags.items())
    return f"spec:\n  containers:\n  - command:\n    - kube-controller-manager\n{lines}"


def cgroup_driver(host: FakeConnection, _words: list[str]) -> Reply | str:
    """What `docker info` says, or containerd by its configuration."""
    config = "/etc/containerd/config.toml"
    if "containerd.service" in host.units and "docker.service" not in host.units:
        is_systemd = config in host.files and "SystemdCgroup = true" in host.text(config)
        return "systemd\n" if is_systemd else "cgroupfs\n"
    if host.units.get("docker.service") is None:
        return 127, "", ""
    daemon = host.text("/etc/docker/daemon.json") if "/etc/docker/daemon.json" in host.files else ""
    return "systemd\n" if "cgroupdriver=systemd" in daemon else "cgroupfs\n"


def images(host: FakeConnection, _words: list[str]) -> str:
    """The images that were pulled."""
    return "".join(f"{line.split()[-1]}\n" for line in host.events if line.startswith("docker pull"))


def pull(host: FakeConnection, words: list[str]) -> str:
    """Docker runs, so it pulls."""
    assert host.units["docker.service"].active == "active"
    return words[-1] + "\n"


def crictl_images(host: FakeConnection, _words: list[str]) -> str:
    """The images that crictl has pulled."""
    return "".join(f"{line.split()[-1]}\n" for line in host.events if " crictl " in line and " pull " in line)


def crictl_pull(host: FakeConnection, _words: list[str]) -> str:
    """containerd runs, so it pulls."""
    assert host.units["containerd.service"].active == "active"
    return "Image is up to date\n"


def has_fresh_lists(host: FakeConnection, _words: list[str]) -> Reply:
    """The lists were read within the hour."""
    return (0 if host.has_fresh_lists else 1), "", ""


def kubeadm_program(host: FakeConnection, _words: list[str]) -> str:
    """Where kubeadm is: the package's, or one that a test has put into /usr/local/bin."""
    places = {"/usr/bin/kubeadm": "kubeadm" in host.packages}
    places["/usr/local/bin/kubeadm"] = "/usr/local/bin/kubeadm" in host.files
    return "".join(f"{path}\n" for path, is_there in places.items() if is_there)


def traces(host: FakeConnection, _words: list[str]) -> str:
    """What reset would find."""
    begins = ("/etc/kubernetes/", UNFINISHED)
    return "".join(f"{path}\n" for path in sorted(host.files) if path.startswith(begins))

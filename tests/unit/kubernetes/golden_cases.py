"""Every file that lands on a host, by the name it has in tests/golden/files."""

from __future__ import annotations

from collections.abc import Callable

from k8sboot.kubernetes import interfaces, kernel
from k8sboot.kubernetes.config import (
    ControlPlane,
    JoinCredentials,
    NodeRegistration,
    Proxy,
    join_config,
    kubeadm_config,
)
from k8sboot.kubernetes.metrics_server import metrics_server_image, metrics_server_values
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.runtime.docker import Docker
from k8sboot.templates import render

VERSIONS = ("v1.20.2", "v1.21.14", "v1.23.17", "v1.24.17", "v1.30.14", "v1.31.4", "v1.36.0", "v1.37.2")
ALIYUN = "registry.cn-hangzhou.aliyuncs.com/google_containers"
KEY = "0123456789abcdef" * 4
TOKEN = "abcdef.0123456789abcdef"
CA_HASH = "sha256:" + "5c" * 32

Case = Callable[[], str]


USED: set[str] = set()


def rendered(name: str, **values: object) -> str:
    USED.add(name)
    return render(name, **values)


DOCKER = Docker()


def one_master(version: str) -> ControlPlane:
    return ControlPlane(
        version=KubernetesVersion.parse(version),
        endpoint="192.168.174.110:6443",
        addresses=("192.168.174.110",),
        names=("k8s-master01",),
        cri_socket=DOCKER.cri_socket(KubernetesVersion.parse(version)),
        image_repository=ALIYUN,
    )


def three_masters(version: str) -> ControlPlane:
    return ControlPlane(
        version=KubernetesVersion.parse(version),
        endpoint="api.prod.example.com:8443",
        addresses=("10.1.0.11", "10.1.0.12", "10.1.0.13"),
        names=("m1", "m2", "m3"),
        cri_socket=DOCKER.cri_socket(KubernetesVersion.parse(version)),
        name="prod",
        pod_subnet="10.200.0.0/16",
        service_subnet="10.201.0.0/16",
        dns_domain="prod.local",
        cert_sans=("k8s.example.com", "10.1.0.11", "203.0.113.7"),
    )


PATCHES = {
    "ClusterConfiguration": {
        "apiServer": {"extraArgs": {"audit-log-maxage": "30"}},
        "dns": {"imageTag": "1.10"},
    },
    "InitConfiguration": {"nodeRegistration": {"taints": [], "kubeletExtraArgs": {"v": "1e3"}}},
    "KubeletConfiguration": {"maxPods": 200, "evictionHard": {"memory.available": "5%"}},
    "KubeProxyConfiguration": {"conntrack": {"maxPerCore": 0}},
}


def init_case(cluster: ControlPlane, proxy: Proxy, patches: dict[str, dict[str, object]]) -> Case:
    node = NodeRegistration(cluster.names[0], cluster.addresses[0])
    return lambda: kubeadm_config(rendered, cluster, node, proxy=proxy, patches=patches)


def join_case(cluster: ControlPlane, node: NodeRegistration, *, key: str = "") -> Case:
    credentials = JoinCredentials(cluster.endpoint, TOKEN, (CA_HASH,), key)
    return lambda: join_config(rendered, cluster, node, credentials=credentials, patch={})


def metrics_case(version: str, *, replicas: int, insecure: bool) -> Case:
    parsed = KubernetesVersion.parse(version)
    image = metrics_server_image(parsed, ALIYUN)
    return lambda: rendered(
        "metrics-server.yaml.j2",
        **metrics_server_values(parsed, image=image, replicas=replicas, kubelet_insecure_tls=insecure),
    )


def template_case(name: str, **values: object) -> Case:
    return lambda: rendered(name, **values)


def _kubeadm_cases() -> dict[str, Case]:
    cases: dict[str, Case] = {}
    for version in VERSIONS:
        one, three = one_master(version), three_masters(version)
        cases[f"kubeadm-config-{version}-one-master.yaml"] = init_case(one, Proxy(), {})
        cases[f"kubeadm-config-{version}-three-masters.yaml"] = init_case(three, Proxy(mode="iptables"), {})
        cases[f"kubeadm-config-{version}-patched.yaml"] = init_case(
            one, Proxy(scheduler="wrr", strict_arp=True), PATCHES
        )
        cases[f"kubeadm-join-{version}-node.yaml"] = join_case(one, NodeRegistration("n1", "10.1.0.21"))
        cases[f"kubeadm-join-{version}-master.yaml"] = join_case(
            three, NodeRegistration("m2", "10.1.0.12"), key=KEY
        )
    return cases


REPOSITORY = {
    "id": "kubernetes",
    "purpose": "Kubernetes",
    "url": "https://mirrors.aliyun.com/kubernetes/yum/repos/kubernetes-el7-x86_64/",
}


def smoke_case(name: str, **values: object) -> Case:
    of_all = {"namespace": "k8sboot-smoke", "part": "k8sboot-smoke", "image": "registry.k8s.io/agnhost:2"}
    return lambda: rendered(f"smoke-{name}.yaml.j2", **of_all, **values)


def smoke_pods_case(*, has_grpc: bool) -> Case:
    missing = "registry.k8s.io/agnhost-missing:none"
    times = {"pre_stop": 8, "grace": 6, "unready_after": 20, "started_after": 8}
    return smoke_case("pods", missing=missing, has_grpc=has_grpc, **times)


CASES: dict[str, Case] = {
    **_kubeadm_cases(),
    "smoke-namespace.yaml": smoke_case("namespace", mark="app.kubernetes.io/managed-by", ours="k8sboot"),
    "smoke-echo.yaml": smoke_case("echo", port=8080),
    "smoke-pods.yaml": smoke_pods_case(has_grpc=True),
    "smoke-pods-without-grpc.yaml": smoke_pods_case(has_grpc=False),
    "smoke-static-pod.yaml": smoke_case("static-pod"),
    "metrics-server-v1.20.2.yaml": metrics_case("v1.20.2", replicas=2, insecure=True),
    "metrics-server-v1.23.17.yaml": metrics_case("v1.23.17", replicas=1, insecure=True),
    "metrics-server-v1.25.0-two-replicas.yaml": metrics_case("v1.25.0", replicas=2, insecure=False),
    "metrics-server-v1.28.15.yaml": metrics_case("v1.28.15", replicas=1, insecure=True),
    "metrics-server-v1.37.2-two-replicas.yaml": metrics_case("v1.37.2", replicas=2, insecure=False),
    "metrics-server-v1.31.4.yaml": metrics_case("v1.31.4", replicas=1, insecure=True),
    "hosts": template_case(
        "hosts.j2",
        entries=[("192.168.174.110", ["k8s-master01", "api"]), ("192.168.174.120", ["k8s-node01"])],
    ),
    "daemon.json": template_case(
        "daemon.json.j2",
        data_root="",
        registry_mirrors=[],
        insecure_registries=[],
        log_max_size="100m",
        log_max_file=3,
    ),
    "daemon-mirrors.json": template_case(
        "daemon.json.j2",
        data_root="",
        registry_mirrors=["https://a.example", "https://b.example"],
        insecure_registries=["10.0.0.5:5000"],
        log_max_size="10m",
        log_max_file=5,
    ),
    "daemon-root.json": template_case(
        "daemon.json.j2",
        data_root="/data/docker",
        registry_mirrors=[],
        insecure_registries=[],
        log_max_size="100m",
        log_max_file=3,
    ),
    "crictl.yaml": template_case("crictl.yaml.j2", endpoint="unix:///run/containerd/containerd.sock"),
    "apt-suite.list": template_case(
        "apt-repository.list.j2",
        purpose="Docker",
        signed_by="/etc/apt/keyrings/docker.asc",
        url="https://mirrors.aliyun.com/docker-ce/linux/debian",
        suite="bookworm",
        components=["stable"],
    ),
    "apt-flat.list": template_case(
        "apt-repository.list.j2",
        purpose="Kubernetes",
        signed_by="",
        url="http://x/deb",
        suite="/",
        components=[],
    ),
    "yum-signed.repo": template_case(
        "yum-repository.repo.j2",
        **REPOSITORY,
        gpgcheck=True,
        repo_gpgcheck=False,
        keys=["https://a/yum-key.gpg", "https://a/rpm-key.gpg"],
        exclude=["kubelet", "kubeadm", "kubectl"],
    ),
    "yum-unsigned.repo": template_case(
        "yum-repository.repo.j2", **REPOSITORY, gpgcheck=False, repo_gpgcheck=False, keys=[], exclude=[]
    ),
    "modules.conf": template_case(
        "modules.conf.j2", modules=[*kernel.REQUIRED_MODULES, *kernel.OPTIONAL_MODULES]
    ),
    "sysctl.conf": template_case("sysctl.conf.j2", settings=kernel.SYSCTLS),
    "kubelet.env": template_case("kubelet.env.j2", arguments=["--node-ip=192.168.174.110"]),
    "limits.conf": template_case("limits.conf.j2", open_files=655360, processes=655350),
    "service-limits.conf": template_case("service-limits.conf.j2", open_files=655360),
    "service-proxy.conf": template_case("service-proxy.conf.j2", file="/etc/k8sboot/proxy.env"),
    "proxy.env": template_case(
        "proxy.env.j2",
        fixed="registry.lan,localhost,10.96.0.0/16",
        variables={
            "http_proxy": "http://proxy.lan:3128",
            "no_proxy": "registry.lan,localhost,10.96.0.0/16,n1",
        },
    ),
    "chrony.conf": template_case("chrony.conf.j2", servers=["ntp.aliyun.com", "10.0.0.1"]),
    "ntpdate.cron": template_case("ntpdate.cron.j2", servers=["ntp.aliyun.com", "10.0.0.1"]),
    "package-versions": template_case(
        "package-versions.j2", versions={"docker-ce": "3:20.10.24-3.el7", "kubeadm": "0:1.23.17-0"}
    ),
    "yum-retired.repo": template_case(
        "yum-retired.repo.j2",
        original="/var/lib/k8sboot/original/etc/yum.repos.d/CentOS-Base.repo",
        sections=[
            ("base", [("name", "CentOS-$releasever - Base"), ("gpgcheck", "1"), ("enabled", "0")]),
            ("mine", [("baseurl", "http://mirror.lan/"), ("enabled", "1")]),
        ],
    ),
    "grub.cfg": template_case("grub.cfg.j2", panic="panic=30"),
    "networkmanager.conf": template_case("networkmanager-unmanaged.conf.j2", interfaces=interfaces.UNMANAGED),
}

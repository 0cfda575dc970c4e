"""Every file that lands on a host, as it would land, held against tests/golden/files.

`pytest --update-golden` writes them anew; the diff is then for a person to read.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from k8sboot.kubernetes import commands, kernel
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
from k8sboot.templates import DIRECTORIES, render

GOLDEN = Path(__file__).parents[2] / "golden" / "files"
VERSIONS = ("v1.20.2", "v1.21.14", "v1.23.17", "v1.24.17", "v1.30.14", "v1.31.4", "v1.36.0")
ALIYUN = "registry.cn-hangzhou.aliyuncs.com/google_containers"
KEY = "0123456789abcdef" * 4
TOKEN = "abcdef.0123456789abcdef"
CA_HASH = "sha256:" + "5c" * 32

Case = Callable[[], str]


_used: set[str] = set()


def rendered(name: str, **values: object) -> str:
    _used.add(name)
    return render(name, **values)


def one_master(version: str) -> ControlPlane:
    return ControlPlane(
        version=KubernetesVersion.parse(version),
        endpoint="192.168.174.110:6443",
        addresses=("192.168.174.110",),
        names=("k8s-master01",),
        image_repository=ALIYUN,
    )


def three_masters(version: str) -> ControlPlane:
    return ControlPlane(
        version=KubernetesVersion.parse(version),
        endpoint="api.prod.example.com:8443",
        addresses=("10.1.0.11", "10.1.0.12", "10.1.0.13"),
        names=("m1", "m2", "m3"),
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

CASES: dict[str, Case] = {
    **_kubeadm_cases(),
    "metrics-server-v1.20.2.yaml": metrics_case("v1.20.2", replicas=2, insecure=True),
    "metrics-server-v1.23.17.yaml": metrics_case("v1.23.17", replicas=1, insecure=True),
    "metrics-server-v1.25.0-two-replicas.yaml": metrics_case("v1.25.0", replicas=2, insecure=False),
    "metrics-server-v1.31.4.yaml": metrics_case("v1.31.4", replicas=1, insecure=True),
    "hosts": template_case(
        "hosts.j2",
        entries=[("192.168.174.110", ["k8s-master01", "api"]), ("192.168.174.120", ["k8s-node01"])],
    ),
    "daemon.json": template_case(
        "daemon.json.j2", registry_mirrors=[], insecure_registries=[], log_max_size="100m", log_max_file=3
    ),
    "daemon-mirrors.json": template_case(
        "daemon.json.j2",
        registry_mirrors=["https://a.example", "https://b.example"],
        insecure_registries=["10.0.0.5:5000"],
        log_max_size="10m",
        log_max_file=5,
    ),
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
    "chrony.conf": template_case("chrony.conf.j2", servers=["ntp.aliyun.com", "10.0.0.1"]),
    "networkmanager.conf": template_case(
        "networkmanager-unmanaged.conf.j2", interfaces=kernel.CNI_INTERFACES
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_file_is_as_agreed(name: str, request: pytest.FixtureRequest) -> None:
    text = CASES[name]()
    if request.config.getoption("--update-golden"):
        (GOLDEN / name).write_text(text)
    assert text == (GOLDEN / name).read_text(), f"{name} changed: look, then run pytest --update-golden"


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(CASES)


def test_every_template_has_a_golden_file() -> None:
    _used.clear()
    for case in CASES.values():
        case()
    assert _used == {path.name for path in DIRECTORIES[1].glob("*.j2")}


# JSON has no comments, and the hosts block has markers of its own.
@pytest.mark.parametrize("name", [name for name in CASES if name != "hosts" and not name.endswith(".json")])
def test_file_says_that_k8sboot_manages_it(name: str) -> None:
    assert CASES[name]().startswith("# Managed by k8sboot: ")


@pytest.mark.parametrize("name", CASES)
def test_file_ends_with_one_newline_and_has_no_trailing_blanks(name: str) -> None:
    text = CASES[name]()
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert all(line == line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("name", [name for name in CASES if name.endswith(".json")])
def test_json_file_is_json(name: str) -> None:
    assert json.loads(CASES[name]())["exec-opts"] == ["native.cgroupdriver=systemd"]


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("metrics-server")])
def test_metrics_server_objects_are_whole(name: str) -> None:
    objects = list(yaml.safe_load_all(CASES[name]()))
    assert all(item["apiVersion"] and item["kind"] and item["metadata"]["name"] for item in objects)
    deployment = next(item for item in objects if item["kind"] == "Deployment")
    pod = deployment["spec"]["template"]["spec"]
    assert {toleration["key"] for toleration in pod["tolerations"]} == {
        "node-role.kubernetes.io/master",
        "node-role.kubernetes.io/control-plane",
    }
    port = pod["containers"][0]["ports"][0]["containerPort"]
    assert f"--secure-port={port}" in pod["containers"][0]["args"]


def _kubeadm() -> str:
    found = os.environ.get("K8SBOOT_KUBEADM") or shutil.which("kubeadm")
    if not found:
        pytest.skip("no kubeadm: set K8SBOOT_KUBEADM to one")
    return found


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("kubeadm-")])
def test_kubeadm_of_that_version_takes_the_file(name: str, tmp_path: Path) -> None:
    kubeadm = _kubeadm()
    version = subprocess.run([kubeadm, "version", "-o", "short"], capture_output=True, text=True, check=True)
    minor = f"v1.{KubernetesVersion.parse(version.stdout).minor}."
    if minor not in name:
        pytest.skip(f"this kubeadm is {version.stdout.strip()}")
    file = tmp_path / name
    file.write_text(CASES[name]().replace(name.split("-")[2], version.stdout.strip()))
    migrated = subprocess.run(
        [kubeadm, *commands.config_migrate(str(file))[1:]], capture_output=True, text=True, check=False
    )
    assert migrated.returncode == 0, migrated.stderr
    assert "unknown field" not in migrated.stderr
    if name.startswith("kubeadm-config"):
        listed = subprocess.run(
            [kubeadm, *commands.images_list(str(file))[1:]], capture_output=True, text=True, check=True
        )
        assert len(listed.stdout.split()) >= 7

"""What is well formed and still wrong, told before any connection."""

from __future__ import annotations

import dataclasses

import pytest

from k8sboot.errors import InventoryError
from k8sboot.inventory.lint_network import lint_proxy_mode
from k8sboot.inventory.model import KubeadmPatches, KubeProxySettings
from k8sboot.inventory.problems import LintProblem, Problems
from k8sboot.inventory.runtime_settings import RuntimeSettings
from k8sboot.inventory.source import read_source


def hosts(*addresses: str, masters: int = 1) -> str:
    lines = [f"  - {{name: h{n}, address: '{address}'}}\n" for n, address in enumerate(addresses)]
    return "masters:\n" + "".join(lines[:masters]) + "nodes:\n" + "".join(lines[masters:])


def told(problems, text: str) -> list[tuple[str, str, int]]:
    kinds = {True: "warning", False: "error"}
    return [(kinds[each.is_warning], each.code, each.line) for each in problems(text)]


def test_the_defaults_have_nothing_to_tell(problems):
    assert problems("") == []


@pytest.mark.parametrize(
    ("cluster", "kind", "code"),
    [
        ("podSubnet: 172.168.0.0/16", "warning", "KB-NET-PUBLIC"),
        ("podSubnet: 8.8.0.0/16", "warning", "KB-NET-PUBLIC"),
        ("serviceSubnet: 11.0.0.0/16", "warning", "KB-NET-PUBLIC"),
        ("podSubnet: 127.0.0.0/16", "error", "KB-NET-FORM"),
        ("podSubnet: 169.254.0.0/16", "error", "KB-NET-FORM"),
        ("podSubnet: 239.0.0.0/16", "error", "KB-NET-FORM"),
        ("podSubnet: 172.16.0.1/16", "error", "KB-NET-FORM"),
        ("podSubnet: 172.16.0.0", "error", "KB-NET-FORM"),
        ("podSubnet: 172.16.0.0/33", "error", "KB-NET-FORM"),
        ("podSubnet: pods", "error", "KB-NET-FORM"),
        ("podSubnet: '10.244.0.0/16,fd00::/48'", "error", "KB-DUAL-STACK"),
        ("podSubnet: 'fd00::/48'", "error", "KB-DUAL-STACK"),
        ("podSubnet: 10.96.128.0/17", "error", "KB-NET-OVERLAP"),
        ("podSubnet: 172.17.128.0/17", "error", "KB-NET-DOCKER0"),
        ("podSubnet: 172.16.0.0/12", "error", "KB-NET-DOCKER0"),
        ("serviceSubnet: 172.17.0.0/20", "error", "KB-NET-DOCKER0"),
        ("podSubnet: 10.244.0.0/24", "error", "KB-NET-SIZE"),
        ("podSubnet: 10.244.0.0/28", "error", "KB-NET-SIZE"),
        ("serviceSubnet: 10.96.0.0/29", "error", "KB-NET-SIZE"),
        ("serviceSubnet: 10.96.0.0/11", "error", "KB-NET-SIZE"),
        ("podSubnet: 10.240.0.0/24", "error", "KB-NET-SIZE"),
        ("kubernetesVersion: v1.18.20", "error", "KB-VERSION-OLD"),
        ("kubernetesVersion: v0.23.0", "error", "KB-VERSION-OLD"),
        ("kubernetesVersion: v1.38.0", "error", "KB-VERSION-UNKNOWN"),
        ("kubernetesVersion: v2.23.0", "error", "KB-VERSION-UNKNOWN"),
        ("kubernetesVersion: 1.23", "error", "KB-VERSION"),
        ("kubernetesVersion: stable", "error", "KB-VERSION"),
        ("kubernetesVersion: v1.20.2", "warning", "KB-CALICO-VERSION"),
        ("controlPlaneEndpoint: 192.0.2.2", "error", "KB-ENDPOINT"),
        ("controlPlaneEndpoint: 192.0.2.99", "warning", "KB-ENDPOINT-ELSEWHERE"),
        ("controlPlaneEndpoint: 'https://k8s.lan:6443'", "error", "KB-ENDPOINT"),
        ("controlPlaneEndpoint: 'k8s.lan:0'", "error", "KB-ENDPOINT"),
        ("controlPlaneEndpoint: 'k8s.lan:x'", "error", "KB-ENDPOINT"),
        ("controlPlaneEndpoint: 'k8s.lan:99999999999999999999'", "error", "KB-ENDPOINT"),
        ("dnsDomain: cluster_.-", "error", "KB-ADDRESS"),
        ("imageRepository: https://r.lan/x", "error", "KB-VALUE"),
        ("certSANs: ['-x']", "error", "KB-ADDRESS"),
        ("certSANs: [a_b.lan]", "error", "KB-ADDRESS"),
        ("certSANs: ['*.a_b.lan']", "error", "KB-ADDRESS"),
        ("dnsDomain: a_b.local", "error", "KB-ADDRESS"),
        ("controlPlaneEndpoint: 'a_b.lan:6443'", "error", "KB-ENDPOINT"),
        ("name: Lab", "error", "KB-NAME"),
    ],
)
def test_a_cluster_that_cannot_be_meant(problems, cluster, kind, code):
    version = "" if cluster.startswith("kubernetesVersion") else "  kubernetesVersion: v1.23.17\n"
    found = told(problems, f"cluster:\n  {cluster}\n{version}" + hosts("192.0.2.1", "192.0.2.2"))
    assert found == [(kind, code, 2)]


@pytest.mark.parametrize("version", ["v1.24.0", "v1.37.99"])
def test_docker_is_refused_where_kubernetes_cannot_use_it(problems, version):
    text = f"cluster: {{kubernetesVersion: {version}}}\nruntime: {{name: docker}}\n"
    assert told(problems, text) == [("error", "KB-VERSION-RUNTIME", 1)]


@pytest.mark.parametrize(
    ("version", "message", "suggestion"),
    [
        (
            "v1.18.20",
            "Kubernetes v1.18.20 is not supported: the oldest supported minor is 1.19",
            "use v1.19.16 or later",
        ),
        (
            "v1.30.4",
            "Kubernetes v1.30.4 cannot use Docker: dockershim was removed in 1.24; 1.30 (end of life 2025-07-15) needs "
            "containerd 1.6 or later",
            "set `runtime.name: containerd`, or use v1.23.17 (end of life 2023-02-28)",
        ),
        (
            "v1.38.0",
            "k8sboot knows Kubernetes 1.19 to 1.37, not v1.38.0",
            "use v1.37.2; `k8sboot releases` lists what this k8sboot installs",
        ),
        ("1.21", "must be a version with its patch release, X.Y.Z", "did you mean `v1.21.14`?"),
        ("v1.19", "must be a version with its patch release, X.Y.Z", "did you mean `v1.19.16`?"),
        ("1.30", "must be a version with its patch release, X.Y.Z", "did you mean `v1.30.14`?"),
        ("1.38", "must be a version with its patch release, X.Y.Z", "for example `v1.37.2`"),
    ],
)
def test_a_version_is_refused_in_the_words_of_the_table(problems, version, message, suggestion):
    found = problems(f"cluster: {{kubernetesVersion: {version}}}\nruntime: {{name: docker}}\n")
    assert [(message in each.message, each.suggestion) for each in found] == [(True, suggestion)]


@pytest.mark.parametrize(
    ("kubernetes", "calico", "words"),
    [
        ("v1.23.17", "v3.29.0", "1.29 to 1.32, not with 1.23"),
        ("v1.23.17", "v3.26.5", "1.24 to 1.28, not with 1.23"),
        ("v1.23.17", "v3.34.0", "1.35 and later, not with 1.23"),
        ("v1.23.17", "v3.18.0", "1.18 to 1.20, not with 1.23"),
        ("v1.23.17", "v3.17.0", "older than any version tested"),
        ("v1.23.17", "v4.25.0", "older than any version tested"),
        ("v1.23.17", "v3.24.0", ""),
        ("v1.22.17", "v3.25.2", ""),
        ("v1.21.14", "v3.25.2", "1.22 to 1.28, not with 1.21"),
        ("v1.21.14", "v3.21.0", ""),
        ("v1.19.16", "v3.18.0", ""),
    ],
)
def test_calico_fits_by_the_table(problems, kubernetes, calico, words):
    text = f"cluster: {{kubernetesVersion: {kubernetes}}}\ncalico: {{version: {calico}}}\n"
    found = problems(text)
    assert [each.code for each in found] == (["KB-CALICO-VERSION"] if words else [])
    assert all(words in each.message for each in found)
    newest = {"v1.23.17": 25, "v1.22.17": 25, "v1.21.14": 23, "v1.19.16": 20}[kubernetes]
    assert all(each.suggestion == f"use a v3.{newest} release" for each in found)


@pytest.mark.parametrize(
    ("addresses", "masters", "kind", "code", "line"),
    [
        (["172.16.9.9", "192.0.2.2"], 1, "error", "KB-NET-HOST", 2),
        (["192.0.2.1", "10.96.0.77"], 1, "error", "KB-NET-HOST", 4),
        (["192.0.2.1", "172.17.0.9"], 1, "warning", "KB-NET-DOCKER0", 4),
        (["192.0.2.1", "192.0.2.1"], 1, "error", "KB-DUPLICATE-HOST", 4),
        (["A.example", "a.example."], 1, "error", "KB-DUPLICATE-HOST", 4),
        (["fd00::1", "FD00:0::1"], 1, "error", "KB-DUPLICATE-HOST", 4),
        (["192.0.2.1", "127.0.0.1"], 1, "error", "KB-ADDRESS", 4),
        (["192.0.2.1", "-oProxyCommand=x"], 1, "error", "KB-ADDRESS", 4),
        (["192.0.2.1", "a b"], 1, "error", "KB-ADDRESS", 4),
        (["192.0.2.1", "a\"b"], 1, "error", "KB-ADDRESS", 4),
        (["192.0.2.1", "主机.cn"], 1, "error", "KB-ADDRESS", 4),
        (["192.0.2.1", "192.0.2.2:22"], 1, "error", "KB-ADDRESS", 4),
        (["192.0.2.1", "192.0.2.999"], 1, "error", "KB-ADDRESS", 4),
        (["192.0.2.1", "192.0.2.2/24"], 1, "error", "KB-ADDRESS", 4),
        (["192.0.2.1", "n[1:100000000].lan"], 1, "error", "KB-ADDRESS", 4),
        (["192.0.2.1", "x" * 64], 1, "error", "KB-ADDRESS", 4),
        (["192.0.2.1", "x." * 150 + "lan"], 1, "error", "KB-ADDRESS", 4),
        (["192.0.2.1"], 1, "warning", "KB-NO-NODES", 3),
        ([], 1, "error", "KB-NO-MASTER", 1),
    ],
)  # fmt: skip
def test_machines_that_cannot_be_meant(problems, addresses, masters, kind, code, line):
    text = hosts(*addresses, masters=masters).replace("masters:\nnodes", "masters: []\nnodes")
    assert told(problems, text) == [(kind, code, line)]


@pytest.mark.parametrize(
    "address", ["10.0.0.9", "n9", "n9.example.com", "fd00::9", "fe80::9%eth0", "N9.Example."]
)
def test_addresses_of_every_kind_are_taken(problems, address):
    assert problems(hosts("192.0.2.1", address)) == []


@pytest.mark.parametrize(
    "name", ["Node1", "node_1", "-n", "n-", "n1.example.com", "x" * 64, "结点", "n 1", 'a"b']
)
def test_names_that_are_no_label_are_refused(problems, name):
    found = problems(f"masters:\n  - {{name: '{name}', address: 192.0.2.1}}\nnodes: []\n")
    assert [each.code for each in found if not each.is_warning] == ["KB-NAME"]


def test_a_kernel_without_a_minimum_is_told(problems):
    package = "{url: 'http://mirror.lan/k.deb', sha256: " + "0" * 64 + "}"
    kernel = f"os:\n  kernel:\n    packages: [{package}]\n"
    assert told(problems, kernel + hosts("192.0.2.1", "192.0.2.2")) == [("error", "KB-KERNEL-MINIMUM", 3)]
    with_minimum = kernel + "    minimum: '5.4'\n"
    assert problems(with_minimum + hosts("192.0.2.1", "192.0.2.2")) == []


def test_no_packages_means_those_of_the_runtime(problems):
    assert problems("runtime:\n  packages: []\n" + hosts("192.0.2.1", "192.0.2.2")) == []
    assert RuntimeSettings(packages=()).installed == ("docker-ce", "docker-ce-cli", "containerd.io")
    assert RuntimeSettings(name="containerd").installed == ("containerd.io",)


@pytest.mark.parametrize("minimum", ["5", "5.x", "v5.4", "5.4.1.2", "3.10.0-1160"])
def test_a_kernels_minimum_is_a_version(problems, minimum):
    text = f"os: {{kernel: {{minimum: '{minimum}'}}}}\n" + hosts("192.0.2.1", "192.0.2.2")
    assert told(problems, text) == [("error", "KB-VALUE", 1)]


def test_localhost_is_no_name(problems):
    assert ("error", "KB-NAME", 2) in told(problems, "masters:\n  - {name: localhost, address: 192.0.2.1}\n")


def test_the_same_name_for_master_and_node_is_told_at_the_second(problems):
    text = "masters:\n  - {name: a, address: 192.0.2.1}\nnodes:\n  - {name: a, address: 192.0.2.2}\n"
    assert told(problems, text) == [("error", "KB-DUPLICATE-HOST", 4)]
    assert "masters[0]" in problems(text)[0].message


def test_an_even_number_of_masters_behind_one_masters_address_are_two_warnings(problems):
    text = hosts("192.0.2.1", "192.0.2.2", "192.0.2.3", masters=2)
    assert [code for _, code, _ in told(problems, text)] == ["KB-EVEN-MASTERS", "KB-ENDPOINT-SINGLE"]


def test_several_masters_behind_a_name_or_virtual_address_are_fine(problems):
    for endpoint in ("k8s.lan", "192.0.2.99:8443"):
        cluster = f"cluster: {{controlPlaneEndpoint: '{endpoint}'}}\n"
        assert problems(cluster + hosts("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", masters=3)) == []


def test_a_missing_masters_section_is_told_once(problems):
    found = problems("nodes: [{name: n1, address: 192.0.2.1}]\n#masters:\n", hosts=False)
    assert [each.code for each in found] == ["KB-MISSING-KEY"]


def test_a_missing_masters_line_is_told_once(problems):
    assert [each.code for each in problems("masters:\n")] == ["KB-MISSING-KEY"]


def test_the_pod_subnet_must_have_a_24_for_every_machine(problems):
    addresses = [f"192.0.2.{n}" for n in range(1, 18)]
    assert problems("cluster: {podSubnet: 10.244.0.0/20}\n" + hosts(*addresses[:16])) == []
    fits = "cluster: {podSubnet: 10.244.0.0/19}\n" + hosts(*addresses)
    too_small = fits.replace("/19", "/20")
    assert problems(fits) == []
    assert [each.code for each in problems(too_small)] == ["KB-NET-SIZE"]
    assert "/19" in problems(too_small)[0].suggestion


def test_a_default_that_collides_is_told_at_the_value_that_is_said(problems):
    found = problems(hosts("172.16.0.5", "192.0.2.2"))
    assert [(each.code, each.line, each.column) for each in found] == [("KB-NET-HOST", 2, 25)]


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("calico: {version: v3.18.0}\n", "warning", "KB-CALICO-VERSION"),
        ("calico: {version: v3.29.0}\n", "warning", "KB-CALICO-VERSION"),
        ("calico: {version: v3.10.0}\n", "warning", "KB-CALICO-VERSION"),
        ("calico: {version: 3.25}\n", "error", "KB-VERSION"),
        ("calico: {typhaReplicas: 9}\n", "error", "KB-TYPHA"),
        ("calico: {typhaReplicas: -2}\n", "error", "KB-VALUE"),
        ("calico: {sha256: abc}\n", "error", "KB-VALUE"),
        ("calico: {manifest: 'ftp://x/y'}\n", "error", "KB-VALUE"),
        ("os: {timezone: shanghai}\n", "error", "KB-VALUE"),
        ("os: {mirror: netease}\n", "error", "KB-VALUE"),
        ("os: {packages: ['-y']}\n", "error", "KB-VALUE"),
        ("os: {modules: ['ip_vs; reboot']}\n", "error", "KB-VALUE"),
        ("os: {sysctl: {'a b': 1}}\n", "error", "KB-VALUE"),
        ("os: {repositories: {'a/b': {url: 'https://x/'}}}\n", "error", "KB-VALUE"),
        ("os: {repositories: {a: {url: x}}}\n", "error", "KB-VALUE"),
        ("os: {repositories: {a: {url: 'https://x/', fingerprint: AB}}}\n", "error", "KB-VALUE"),
        ("runtime: {registryMirrors: [r.lan]}\n", "error", "KB-VALUE"),
        ("runtime: {registryMirrors: ['http://r.lan:5000']}\n", "warning", "KB-REGISTRY"),
        (
            "runtime: {registryMirrors: ['http://r:5000'], insecureRegistries: ['r:5000']}\n",
            "warning",
            "KB-PLAIN-HTTP",
        ),
        ("runtime: {insecureRegistries: ['r.lan:5000']}\n", "warning", "KB-PLAIN-HTTP"),
        ("os: {repositories: {a: {url: 'http://x/'}, b: {url: 'http://x/'}}}\n", "warning", "KB-PLAIN-HTTP"),
        ("runtime: {logMaxSize: 100}\n", "error", "KB-VALUE"),
        ("ssh: {user: '-x'}\n", "error", "KB-VALUE"),
        ("ssh: {jump: '-oProxyCommand=x'}\n", "error", "KB-VALUE"),
        ("ssh: {hostKey: abc}\n", "error", "KB-VALUE"),
        ("ssh: {hostKeyPolicy: insecure}\n", "warning", "KB-HOSTKEY-INSECURE"),
        (
            "kubeadm: {initConfiguration: {bootstrapTokens: [{token: abcdef.0123456789abcdef}]}}\n",
            "error",
            "KB-TOKEN-KNOWN",
        ),
        ("kubeadm: {joinConfiguration: {apiVersion: kubeadm.k8s.io/v1beta3}}\n", "error", "KB-PATCH-OWNED"),
        ("kubeadm: {clusterConfiguration: {imageRepository: r.lan}}\n", "warning", "KB-PATCH-OWNED"),
        ("kubeadm: {kubeProxyConfiguration: {mode: ipvs}}\n", "warning", "KB-PATCH-OWNED"),
    ],
)
def test_parts_that_do_not_fit(problems, text, kind, code):
    assert told(problems, text) == [(kind, code, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "cluster: {kubernetesVersion: v1.20.2}\ncalico: {manifest: 'http://m.lan/calico.yaml'}\n",
        "cluster: {kubernetesVersion: v1.20.2}\nnetwork: {plugin: none}\n",
        "ssh: {jump: 'ops@bastion.lan:22,10.0.0.9'}\n",
        "os: {timezone: America/Argentina/Buenos_Aires}\n",
        "os: {timezone: UTC}\n",
        "cluster: {certSANs: ['*.k8s.lan', 10.0.0.9, k8s.lan]}\n",
        "os: {sysctl: {net.ipv4.tcp_rmem: 4096 87380 6291456}}\n",
    ],
)
def test_parts_that_fit_are_not_complained_about(problems, text):
    assert problems(text) == []


@pytest.mark.parametrize(
    ("section", "key", "least", "most"),
    [
        ("ssh", "port", 1, 65535),
        ("ssh", "connectTimeout", 1, 600),
        ("os", "openFiles", 1024, 1_048_576),
        ("os", "processes", 1024, 4_194_304),
        ("runtime", "logMaxFile", 1, 1000),
        ("calico", "mtu", 0, 9216),
        ("calico", "typhaReplicas", -1, 200),
        ("metricsServer", "replicas", 1, 10),
    ],
)
def test_numbers_are_taken_within_their_bounds(problems, section, key, least, most):
    def is_refused(number: int) -> bool:
        return "KB-VALUE" in {each.code for each in problems(f"{section}: {{{key}: {number}}}\n")}

    assert [is_refused(number) for number in (least - 1, least, most, most + 1)] == [True, False, False, True]


def test_hosts_behind_one_address_differ_in_their_ports_and_say_who_they_are(problems):
    text = (
        "masters:\n  - {name: m1, address: 127.0.0.1, nodeAddress: 10.0.0.1, ssh: {port: 2201}}\n"
        "nodes:\n  - {name: n1, address: 127.0.0.1, nodeAddress: 10.0.0.2, ssh: {port: 2202}}\n"
    )
    assert problems(text) == []
    (twice,) = problems(text.replace("2202", "2201"))
    assert (twice.code, "address 127.0.0.1 is already used" in twice.message) == ("KB-DUPLICATE-HOST", True)
    (same,) = problems(text.replace("10.0.0.2", "10.0.0.1"))
    assert (same.code, "nodeAddress 10.0.0.1" in same.message) == ("KB-DUPLICATE-HOST", True)
    (local,) = problems(text.replace("nodeAddress: 10.0.0.2, ", ""))
    assert (local.code, "nodeAddress" in (local.suggestion or "")) == ("KB-ADDRESS", True)


@pytest.mark.parametrize("wrong", ["n1.example.org", "fe80::1%eth0", "10.0.0.2/24"])
def test_a_node_address_is_an_ip_address(problems, wrong):
    (found,) = problems(
        "masters: [{name: m1, address: m1.example.org}]\n"
        f"nodes: [{{name: n1, address: n1, nodeAddress: '{wrong}'}}]\n"
    )
    assert found.code == "KB-ADDRESS"


def test_a_node_address_among_the_pods_is_refused(problems):
    (found,) = problems(
        "masters: [{name: m1, address: m1.example.org, nodeAddress: 172.16.0.9}]\n"
        "nodes: [{name: n1, address: 10.0.0.2}]\n"
    )
    assert (found.code, found.message) == (
        "KB-NET-HOST",
        "nodeAddress 172.16.0.9 of m1 is in podSubnet 172.16.0.0/16",
    )


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_warning_about_a_value_that_is_itself_an_error_is_not_shown(tmp_path, order):
    (tmp_path / "i.yaml").write_text("a: 1\n")
    noted = Problems(read_source(str(tmp_path / "i.yaml")))
    both = (
        LintProblem("KB-ERROR", "wrong", (("a",),)),
        LintProblem("KB-WARNING", "odd", (("b",), ("a",)), is_warning=True),
    )
    for index in order:
        noted.add_lint(both[index])
    noted.add_lint(LintProblem("KB-OTHER", "odd", (("b",),), is_warning=True))
    with pytest.raises(InventoryError) as raised:
        noted.raise_errors()
    assert sorted(each.code for each in raised.value.problems) == ["KB-ERROR", "KB-OTHER"]


@pytest.mark.parametrize(
    ("version", "settings", "kind", "words"),
    [
        ("v1.23.17", "kubeProxy: {mode: nftables}", "error", "1.31 or later has it"),
        (
            "v1.23.17",
            "kubeadm: {kubeProxyConfiguration: {mode: userspace}}",
            "error",
            "has no mode userspace",
        ),
        ("v1.35.9", "kubeProxy: {mode: ipvs}", "warning", "Kubernetes 1.40, due in August 2027"),
        ("v1.34.12", "kubeProxy: {mode: ipvs}", "", ""),
        ("v1.37.2", "kubeProxy: {mode: nftables}", "", ""),
        ("v1.37.2", "kubeProxy: {mode: iptables}", "", ""),
    ],
)
def test_modes_of_kube_proxy_by_release(inventory, version, settings, kind, words):
    made = inventory("calico: {version: v3.33.0}\n").spec
    made = dataclasses.replace(
        made, cluster=dataclasses.replace(made.cluster, kubernetes_version=version), **_proxy_of(settings)
    )
    found = [each for each in lint_proxy_mode(made) if each.code == "KB-PROXY-MODE"]
    assert ["warning" if each.is_warning else "error" for each in found] == [kind] * bool(kind)
    assert all(words in each.message for each in found)


def test_the_mode_is_always_written(problems):
    found = problems("kubeadm: {kubeProxyConfiguration: {mode: null}}\n")
    assert [each.code for each in found if not each.is_warning] == ["KB-PROXY-MODE"]


def _proxy_of(settings: str) -> dict[str, object]:
    word = settings.rpartition("mode: ")[2].rstrip("}")
    if settings.startswith("kubeadm"):
        return {"kubeadm": KubeadmPatches(kube_proxy_configuration={"mode": word})}
    return {"kube_proxy": KubeProxySettings(mode=word)}


@pytest.mark.parametrize(
    ("text", "kind", "code", "words"),
    [
        ("network: {plugin: manifest}", "error", "KB-NETWORK-PLUGIN", "network.manifest is not set"),
        ("network: {plugin: calico}\ncalico: {enabled: false}", "error", "KB-NETWORK-PLUGIN", "is false"),
        ("calico: {enabled: false}", "warning", "KB-OLDER-FORM", "`network.plugin: none`"),
        ("network: {plugin: none}\ncalico: {enabled: false}", "warning", "KB-OLDER-FORM", "older form"),
        ("network: {plugin: none}\ncalico: {mtu: 1400, version: v3.25.2}", "warning", "KB-NO-EFFECT",
         "k8sboot does not install Calico; no effect: calico.mtu, calico.version"),
        ("network: {manifest: 'https://x.lan/y.yaml'}", "warning", "KB-NO-EFFECT", "no effect: network.manifest"),
    ],
)  # fmt: skip
def test_the_pod_network_and_keys_beside_it(problems, text, kind, code, words):
    (found,) = problems(text + "\n")
    assert (found.code, found.is_warning) == (code, kind == "warning")
    assert words in found.message


@pytest.mark.parametrize(
    "text",
    [
        "network: {plugin: none}",
        "network: {plugin: manifest, manifest: 'https://x.lan/y.yaml'}",
        "calico: {mtu: 0}",
    ],
)
def test_a_pod_network_with_nothing_to_tell(problems, text):
    assert problems(text + "\n") == []


@pytest.mark.parametrize(("version", "count"), [("v3.30.7", 1), ("v3.31.0", 0)])
def test_calico_has_to_work_with_nftables(inventory, version, count):
    made = inventory("").spec
    made = dataclasses.replace(
        made,
        cluster=dataclasses.replace(made.cluster, kubernetes_version="v1.33.5"),
        kube_proxy=KubeProxySettings(mode="nftables"),
        calico=dataclasses.replace(made.calico, version=version),
    )
    assert [each.code for each in lint_proxy_mode(made)] == ["KB-PROXY-MODE"] * count

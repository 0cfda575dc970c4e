"""systemd, sysctl, kubeadm and YAML read in a template's file what the inventory means, and nothing besides."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
import strategies as some
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from templated import in_shell, is_encodable, let_through, rendered, values

from k8sboot.cluster import Cluster
from k8sboot.desired.kubeadm import control_plane
from k8sboot.errors import InventoryError
from k8sboot.inventory import keys
from k8sboot.inventory.build import with_node_addresses
from k8sboot.inventory.kinds import Number
from k8sboot.inventory.load import load
from k8sboot.inventory.model import Spec
from k8sboot.inventory.os_settings import OsSettings
from k8sboot.kubernetes import commands
from k8sboot.kubernetes.config import JoinCredentials, NodeRegistration, Proxy, join_config, kubeadm_config
from k8sboot.kubernetes.metrics_server import metrics_server_image, metrics_server_values
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.paths import PROXY
from k8sboot.templates import render

PRODUCTS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "k8sboot-lab" / "products"
KUBEADM = os.environ.get("K8SBOOT_KUBEADM") or next(map(str, PRODUCTS.glob("kubernetes-*/kubeadm")), "")


def systemds_reader() -> Callable[[Path], dict[str, str]] | None:
    """What systemd reads in an EnvironmentFile, by its own parser; None where its library is not there."""
    found = [*Path("/usr/lib").glob("**/systemd/libsystemd-shared-*.so")]
    read = getattr(ctypes.CDLL(str(found[0])), "load_env_file", None) if found else None
    if read is None:
        return None
    texts = ctypes.POINTER(ctypes.c_char_p)
    read.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(texts)]

    def variables(path: Path) -> dict[str, str]:
        there, found = texts(), {}
        assert read(None, os.fsencode(path), ctypes.byref(there)) == 0
        for number in range(100):
            if not there or there[number] is None:
                break
            name, _, value = there[number].decode().partition("=")
            found[name] = value
        return found

    return variables


SYSTEMD = systemds_reader()
needs_systemds_parser = pytest.mark.skipif(SYSTEMD is None, reason="no library of systemd with load_env_file")


@needs_systemds_parser
@given(st.lists(values, min_size=1, max_size=3), values)
def test_systemd_reads_the_proxies_as_a_shell_does(folder, words, user):
    wanted = {"no_proxy": ",".join(let_through("proxy.noProxy", word) for word in words)}
    wanted["http_proxy"] = f"http://{proxy_user_in_url(user)}proxy.lan:3128"
    text = rendered("proxy.env.j2", variables=wanted, fixed=wanted["no_proxy"])
    assert by_systemd(folder, text) == wanted
    assert {name: in_shell(text, name) for name in wanted} == wanted


def proxy_user_in_url(text: str) -> str:
    assume(is_encodable(text))
    return f"{quote(let_through('proxy.user', text), safe='')}:{quote(text, safe='')}@"


@needs_systemds_parser
@given(st.lists(values, min_size=1, max_size=3))
def test_systemd_reads_kubelets_flags_as_a_shell_does(folder, words):
    words = [f"--v={let_through('kubeletExtraArgs', word)}" for word in words]
    text = rendered("kubelet.env.j2", arguments=words)
    assert by_systemd(folder, text) == {"KUBELET_EXTRA_ARGS": " ".join(words)}


def by_systemd(folder: Path, text: str) -> dict[str, str]:
    assume(is_encodable(text))
    assert SYSTEMD is not None
    path = folder / "environment"
    path.write_text(text, encoding="utf-8")
    return SYSTEMD(path)


ANALYZE = shutil.which("systemd-analyze")
OPEN_FILES = keys.section(OsSettings).keys["openFiles"].kind


def complaints(folder: Path, *drop_ins: str) -> str:
    """What systemd has to say about a unit with these drop-ins."""
    (folder / "x.service.d").mkdir(exist_ok=True)
    (folder / "x.service").write_text("[Service]\nExecStart=/bin/true\n")
    for number, text in enumerate(drop_ins):
        (folder / "x.service.d" / f"{number}.conf").write_text(text)
    words = [ANALYZE, "verify", "--man=no", str(folder / "x.service")]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env={"SYSTEMD_UNIT_PATH": str(folder)}, timeout=60
    )
    return "".join(line for line in done.stderr.splitlines(keepends=True) if "x.service.d/" in line)


@pytest.mark.skipif(ANALYZE is None, reason="no systemd-analyze")
@given(st.data())
def test_systemd_knows_all_of_the_drop_ins(folder, data):
    assert isinstance(OPEN_FILES, Number)
    limit = data.draw(st.integers(OPEN_FILES.least, OPEN_FILES.most))
    limits = rendered("service-limits.conf.j2", open_files=limit)
    assert complaints(folder, limits, rendered("service-proxy.conf.j2", file=PROXY)) == ""
    assert f"LimitNOFILE={limit}\n" in limits
    assert complaints(folder, limits.replace("=", "=x", 1)) != "", "the comparison must be able to fail"


SYSCTL = shutil.which("sysctl", path="/usr/sbin:/sbin:/usr/bin:/bin")
PARAMETERS = [
    "kernel.panic",
    "vm.swappiness",
    "net/core/somaxconn",
    "net.ipv4.ip_forward",
    "kernel/domainname",
]


def can_rehearse() -> bool:
    """Whether this sysctl reads a file without setting anything."""
    return (
        SYSCTL is not None
        and "--dry-run" in subprocess.run([SYSCTL, "--help"], capture_output=True, text=True).stdout
    )


@pytest.mark.skipif(not can_rehearse(), reason="no sysctl with --dry-run")
@given(st.dictionaries(st.sampled_from(PARAMETERS), values, min_size=1))
def test_sysctl_reads_its_file(folder, settings):
    settings = {key: " ".join(let_through("os.sysctl", value).split()) for key, value in settings.items()}
    assume(all(map(is_encodable, settings.values())))
    path = folder / "sysctl.conf"
    path.write_text(rendered("sysctl.conf.j2", settings=settings), encoding="utf-8")
    done = subprocess.run([SYSCTL, "--dry-run", "-p", str(path)], capture_output=True, check=False)
    pairs = [line.partition(" = ") for line in done.stdout.decode().split("\n") if line]
    there = {key.replace("/", "."): value for key, value in settings.items()}
    assert ({key: value for key, _, value in pairs}, done.stderr) == (there, b"")


def one_of(*samples: str) -> st.SearchStrategy[str]:
    return st.sampled_from(samples) | some.twisted(samples, samples)


CLUSTERS = st.fixed_dictionaries(
    {},
    optional={
        "name": one_of("kubernetes", "1", "null", "1e3", "a-b"),
        "controlPlaneEndpoint": one_of(
            "api.example.com:8443", "A-B.elb.Example.COM:9443", "[2001:db8::1]:6443", "a_b.c"
        ),
        "podSubnet": one_of("172.16.0.0/16", "10.200.0.0/12", "192.168.0.0/24", "10.0.0.0/30"),
        "serviceSubnet": one_of("10.96.0.0/16", "10.96.0.0/12", "192.168.1.0/24", "10.96.0.0/30"),
        "dnsDomain": one_of("cluster.local", "a_b.c", "x", "Prod.LOCAL.", "1.a"),
        "imageRepository": one_of("registry.k8s.io", "r.lan:5000/a/b_c", "10.0.0.1:5000"),
        "certSANs": st.lists(one_of("a.example", "*.a.example", "10.0.0.1", "a_b", "::1"), max_size=3),
    },
)
ADDRESSES = one_of("10.1.0.11", "m1.example.com", "2001:db8::7", "fe80::1%eth0", "_a.b")
NAMES = one_of("m1", "0", "1e3", "true", "a-b")


def loaded(folder: Path, cluster: dict[str, object], address: str, name: str) -> Spec:
    """The inventory of one master, once connected; the example is dropped where it is refused."""
    tree = {
        "cluster": {**cluster, "kubernetesVersion": "v1.20.2"},
        "masters": [{"name": name, "address": address}],
    }
    assume(is_encodable(str(tree)))
    path = folder / "inventory.yaml"
    path.write_text(yaml.safe_dump(tree, allow_unicode=True).replace("$", "$$"), encoding="utf-8")
    try:
        spec = load(str(path), environ={}, resolve_secrets=False).spec
    except InventoryError:
        assume(False)
        raise
    return with_node_addresses(spec, {name: "10.1.0.11"})


def by_kubeadm(folder: Path, text: str) -> dict[str, dict[str, object]]:
    """The documents that kubeadm reads in a file, by kind."""
    path = folder / "kubeadm.yaml"
    path.write_text(text, encoding="utf-8")
    words = [KUBEADM, *commands.config_migrate(str(path))[1:]]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return {each["kind"]: each for each in yaml.safe_load_all(done.stdout)}


needs_kubeadm = pytest.mark.skipif(not KUBEADM, reason="no kubeadm: set K8SBOOT_KUBEADM to one")


@needs_kubeadm
@given(CLUSTERS, ADDRESSES, NAMES, st.sampled_from(["ipvs", "iptables"]), st.booleans())
def test_kubeadm_takes_what_the_inventory_takes(folder, cluster, address, name, mode, strict_arp):
    spec = loaded(folder, cluster, address, name)
    wanted, own = spec.cluster, control_plane(Cluster(spec, {}))
    text = kubeadm_config(
        render, own, NodeRegistration(name, "10.1.0.11"), proxy=Proxy(mode, "rr", strict_arp), patches={}
    )
    found = by_kubeadm(folder, text)
    there, here = found["ClusterConfiguration"], {each["kind"]: each for each in yaml.safe_load_all(text)}
    assert there["networking"] == {
        "dnsDomain": wanted.dns_domain,
        "podSubnet": wanted.pod_subnet,
        "serviceSubnet": wanted.service_subnet,
    }
    assert [there[key] for key in ("clusterName", "controlPlaneEndpoint", "imageRepository")] == [
        wanted.name, wanted.control_plane_endpoint, wanted.image_repository
    ]  # fmt: skip
    assert there["apiServer"]["certSANs"] == here["ClusterConfiguration"]["apiServer"]["certSANs"]
    assert {*wanted.cert_sans} <= {*there["apiServer"]["certSANs"]}
    assert found["InitConfiguration"]["nodeRegistration"] == here["InitConfiguration"]["nodeRegistration"]


@needs_kubeadm
@given(one_of("api.example.com:8443", "10.1.0.11", "[2001:db8::1]:6443"), NAMES, st.booleans())
def test_kubeadm_takes_what_hosts_join_with(folder, endpoint, name, is_master):
    spec = loaded(folder, {"controlPlaneEndpoint": endpoint}, "10.1.0.11", name)
    credentials = JoinCredentials(
        spec.cluster.control_plane_endpoint,
        "abcdef.0123456789abcdef",
        ("sha256:" + "5c" * 32,),
        "0123456789abcdef" * 4 if is_master else "",
    )
    own = control_plane(Cluster(spec, {}))
    text = join_config(render, own, NodeRegistration(name, "10.1.0.12"), credentials=credentials, patch={})
    found = by_kubeadm(folder, text)["JoinConfiguration"]
    there = found["discovery"]["bootstrapToken"]
    assert there["apiServerEndpoint"] == spec.cluster.control_plane_endpoint
    assert (there["token"], tuple(there["caCertHashes"])) == (credentials.token, credentials.ca_cert_hashes)
    assert (found["nodeRegistration"]["name"], "controlPlane" in found) == (name, is_master)


VERSIONS = st.sampled_from(["v1.19.16", "v1.20.2", "v1.21.14", "v1.23.17", "v1.24.17", "v1.36.0"])
IMAGES = one_of(
    "r.lan:5000/metrics-server:v0.5.2", "metrics-server:v0.7.2", "a@sha256:" + "0" * 64, "a:1e3", "a"
)
REPOSITORIES = one_of("registry.k8s.io", "k8s.gcr.io", "r.lan:5000/x", "1", "1e3")


@given(VERSIONS, IMAGES | st.just(""), REPOSITORIES, st.integers(1, 10), st.booleans())
def test_metrics_servers_manifest_has_the_values(version, image, repository, replicas, is_insecure):
    of = KubernetesVersion.parse(version)
    image = let_through("metricsServer.image", image) if image else ""
    image = image or metrics_server_image(of, let_through("cluster.imageRepository", repository))
    wanted = metrics_server_values(of, image=image, replicas=replicas, kubelet_insecure_tls=is_insecure)
    found = [*yaml.safe_load_all(rendered("metrics-server.yaml.j2", **wanted))]
    by_kind = {each["kind"]: each for each in found if each["metadata"]["name"] == "metrics-server"}
    spec = by_kind["Deployment"]["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    assert (container["image"], container["args"], spec["replicas"]) == (image, wanted["arguments"], replicas)
    assert container["ports"][0]["containerPort"] == wanted["secure_port"]
    rules = next(each["rules"] for each in found if each["metadata"]["name"] == "system:metrics-server")
    assert [each["resources"] for each in rules] == [wanted["kubelet_resources"], wanted["watched_resources"]]
    assert by_kind.get("PodDisruptionBudget", {}).get("apiVersion") == (
        wanted["disruption_budget_api"] if replicas > 1 else None
    )
    assert len(found) == (10 if replicas > 1 else 9)

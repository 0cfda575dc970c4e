"""containerd, as phases use it through the contract of container runtimes."""

from __future__ import annotations

import dataclasses
import shlex

import pytest
from fake_state import FakeFile
from inventories import spec

from k8sboot.errors import Refused
from k8sboot.inventory.model import ClusterSettings
from k8sboot.inventory.runtime_settings import Registry, RuntimeSettings
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.runtime.containerd import Containerd
from k8sboot.runtime.containerd_registries import registry_files, stale
from k8sboot.secret import Secret
from k8sboot.text.toml_text import read_toml

V = KubernetesVersion.parse
CONTAINERD = Containerd()
SOCKET = "unix:///run/containerd/containerd.sock"
CA = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----"


def wanting(kubernetes: str = "v1.23.17", **settings: object):
    runtime = RuntimeSettings(name="containerd", **settings)
    return dataclasses.replace(
        spec(), runtime=runtime, cluster=ClusterSettings(kubernetes_version=kubernetes)
    )


def hosts_of(name: str, registry: Registry) -> dict:
    *_, file = registry_files(wanting(registries={name: registry}))
    return read_toml(file.data.decode())


def test_it_serves_every_kubernetes_in_the_versions_of_the_table() -> None:
    assert CONTAINERD.unsupported(V("v1.37.2")) == ""
    assert CONTAINERD.misfit(V("v1.23.17"), "2.2.1") == ""
    assert "v1alpha2" in CONTAINERD.misfit(V("v1.22.17"), "2.2.1")
    assert "1.6 or later" in CONTAINERD.misfit(V("v1.26.0"), "1.5.11")
    assert CONTAINERD.misfit(V("v1.26.0"), "") == ""


@pytest.mark.parametrize(
    ("kubernetes", "settings", "packages"),
    [
        ("v1.37.2", {}, {"containerd.io": ""}),
        ("v1.22.17", {}, {"containerd.io": "1"}),
        (
            "v1.37.2",
            {"version": "2.3", "packages": ("containerd", "runc")},
            {"containerd": "2.3", "runc": ""},
        ),
    ],
)
def test_a_version_that_fits_is_installed(kubernetes, settings, packages) -> None:
    assert CONTAINERD.packages(wanting(kubernetes, **settings)) == packages


def test_images_are_pulled_with_a_timeout_by_our_socket() -> None:
    ask = f"crictl --timeout 30s --runtime-endpoint {SOCKET} --image-endpoint {SOCKET}"
    assert shlex.join(CONTAINERD.pull("r.lan/a:1")) == f"timeout 900 {ask} pull r.lan/a:1"
    assert CONTAINERD.cri_socket(V("v1.20.2")) == SOCKET


@pytest.mark.parametrize(
    ("answers", "problem"),
    [
        ({"cgroup-driver": "systemd\n"}, ""),
        ({"cgroup-driver": "cgroupfs\n"}, "cgroup driver cgroupfs"),
        ({"cgroup-driver": (124, "", "")}, "has not answered within 20 s"),
        (
            {"cgroup-driver": (1, "", ""), "containerd-cri-plugin": "skip\n", "containerd-cri-disabled": ""},
            "CRI plugin is skip; see",
        ),
        (
            {
                "cgroup-driver": (1, "", ""),
                "containerd-cri-plugin": "",
                "containerd-cri-disabled": "/x.toml\n",
            },
            "CRI plugin is not loaded; /x.toml disables it",
        ),
    ],
)
def test_it_has_to_serve_kubelet_with_the_systemd_cgroup_driver(bench, answers, problem) -> None:
    seen: list[str] = []
    bench(answers=answers).do(lambda host: seen.append(CONTAINERD.problem(host)))
    assert problem in seen[0]
    assert bool(seen[0]) == bool(problem)


def test_mirrors_are_asked_in_order_before_the_registry() -> None:
    found = hosts_of(
        "docker.io", Registry(mirrors=("https://b.lan", "http://a.lan:5000", "https://h.lan/v2/hub"))
    )
    assert found["server"] == "https://registry-1.docker.io"
    assert list(found["host"]) == ["https://b.lan", "http://a.lan:5000", "https://h.lan/v2/hub"]
    assert found["host"]["https://b.lan"] == {"capabilities": ["pull", "resolve"]}
    assert found["host"]["https://h.lan/v2/hub"]["override_path"] is True


def test_a_mirror_that_is_the_registry_replaces_it() -> None:
    assert hosts_of("r.lan:5000", Registry(mirrors=("http://r.lan:5000",))) == {"server": "http://r.lan:5000"}
    assert "server" not in hosts_of("_default", Registry(mirrors=("https://m.lan",)))


def test_a_login_is_in_a_file_that_root_alone_reads() -> None:
    registry = Registry(user="me", password=Secret("geheim"), ca=CA, skip_verify=True)
    ca, hosts = registry_files(wanting(registries={"r.lan": registry}))
    assert (ca.path, ca.content, ca.mode) == ("/etc/containerd/certs.d/r.lan/ca.crt", f"{CA}\n", 0o644)
    assert (hosts.mode, type(hosts.content)) == (0o600, Secret)
    assert read_toml(hosts.data.decode()) == {
        "server": "https://r.lan",
        "ca": ca.path,
        "skip_verify": True,
        "header": {"Authorization": "Basic bWU6Z2VoZWlt"},
    }


def test_a_ca_that_is_no_certificate_is_refused(tmp_path) -> None:
    (tmp_path / "ca.crt").write_text("hello")
    for ca in (str(tmp_path / "ca.crt"), str(tmp_path / "missing")):
        with pytest.raises(Refused, match="CA of the registry"):
            registry_files(wanting(registries={"r.lan": Registry(ca=ca)}))


def test_dockers_lists_are_translated() -> None:
    lists = {"registry_mirrors": ("https://m.lan",), "insecure_registries": ("m.lan", "r.lan:5000")}
    found = {
        file.path.split("/")[4]: read_toml(file.data.decode()) for file in registry_files(wanting(**lists))
    }
    assert found["docker.io"]["host"]["https://m.lan"]["skip_verify"] is True
    assert found["r.lan:5000"] == {
        "server": "http://r.lan:5000",
        "skip_verify": True,
        "host": {"https://r.lan:5000": {"capabilities": ["pull", "resolve"], "skip_verify": True}},
    }


def test_a_registry_that_is_no_longer_in_the_inventory_is_taken_away(bench) -> None:
    there = "/etc/containerd/certs.d/old.lan/hosts.toml\n/etc/containerd/certs.d/r.lan/hosts.toml\n"
    seen: list[tuple[str, ...]] = []
    wanted = wanting(registries={"r.lan": Registry()})
    bench(answers={"containerd-registries": there}).do(lambda host: seen.append(stale(wanted, host)))
    assert seen == [("/etc/containerd/certs.d/old.lan/hosts.toml",)]


@pytest.mark.parametrize(
    ("text", "is_kept"),
    [
        (f"runtime-endpoint: {SOCKET}\ndebug: true\n", True),
        ("runtime-endpoint: unix:///run/cri.sock\n", False),
    ],
)
def test_a_crictl_yaml_with_containerds_socket_stays(bench, text, is_kept) -> None:
    it = bench(
        answers={"containerd-config-is-the-packages": "", "containerd-registries": ""},
        files={"/etc/crictl.yaml": FakeFile(text.encode())},
    )
    paths: list[str] = []
    it.do(lambda host: paths.extend(file.path for file in CONTAINERD.files(wanting(), host)))
    assert ("/etc/crictl.yaml" not in paths) == is_kept

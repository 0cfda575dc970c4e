"""What a sound inventory becomes."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from k8sboot.inventory.hosts import SshSettings
from k8sboot.inventory.load import load
from k8sboot.inventory.model import ClusterSettings
from k8sboot.ssh.target import Target


def test_what_is_not_said_has_the_models_default(inventory):
    spec = inventory("").spec
    assert spec.cluster == ClusterSettings(
        control_plane_endpoint="10.0.0.1:6443", kubernetes_version="v1.23.17"
    )
    assert [host.role for host in spec.hosts] == ["master", "node"]
    assert spec.hosts[0].ssh.host_key_policy == "accept-new"


def test_sections_with_nothing_in_them_mean_the_defaults(inventory):
    assert inventory("cluster: {name: }\nos: ~\nkubeadm: null\n").spec == inventory("").spec


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("v1.23.17", "v1.23.17"),
        ("1.23.17", "v1.23.17"),
        ("'1.20.2'", "v1.20.2"),
    ],
)
def test_kubernetes_versions_are_normalised(inventory, written, becomes):
    assert (
        inventory(f"cluster: {{kubernetesVersion: {written}}}\n").spec.cluster.kubernetes_version == becomes
    )


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("k8s.example.com", "k8s.example.com:6443"),
        ("k8s.example.com:8443", "k8s.example.com:8443"),
        ("10.0.0.1", "10.0.0.1:6443"),
        ("'[fd00::1]:8443'", "[fd00::1]:8443"),
        ("'fd00::1'", "[fd00::1]:6443"),
    ],
)
def test_endpoints_always_have_a_port(inventory, written, becomes):
    spec = inventory(f"cluster: {{controlPlaneEndpoint: {written}}}\n").spec
    assert spec.cluster.control_plane_endpoint == becomes


def test_an_ipv6_first_master_is_bracketed_in_the_endpoint(inventory):
    spec = inventory("masters: [{name: m1, address: 'FD00::1'}]\n").spec
    assert spec.masters[0].address == "fd00::1"
    assert spec.cluster.control_plane_endpoint == "[fd00::1]:6443"


def test_scalars_are_typed_by_their_key_and_not_by_yaml(inventory):
    spec = inventory(
        "runtime: {version: 1.30}\nos: {sysctl: {a.b: no, c.d: 0644, e.f: 22:22, g.h: 1e3}}\n"
    ).spec
    assert spec.runtime.version == "1.30"
    assert spec.os.sysctl == {"a.b": "no", "c.d": "0644", "e.f": "22:22", "g.h": "1e3"}


def test_kubeadm_patches_hold_numbers_only_where_they_print_back_as_written(inventory):
    patch = inventory(
        "kubeadm:\n  kubeletConfiguration:\n    {a: 110, b: 0.8, c: true, d: ~, e: 1.30, f: 0644, g: no,"
        " h: 1e3, i: '110', j: 22:22, k: 2024-01-01, l: [1, x], m: {n: -5}, o: 0x10,"
        " p: 9999999999999999999999}\n"
    ).spec.kubeadm.kubelet_configuration
    assert patch == {
        "a": 110, "b": 0.8, "c": True, "d": None, "e": "1.30", "f": "0644", "g": "no", "h": "1e3",
        "i": "110", "j": "22:22", "k": "2024-01-01", "l": [1, "x"], "m": {"n": -5}, "o": "0x10",
        "p": "9999999999999999999999",
    }  # fmt: skip
    assert patch["c"] is True


def test_a_hosts_own_ssh_keys_are_laid_over_the_defaults(inventory):
    spec = inventory(
        "ssh: {user: ops, port: 2222}\nmasters: [{name: m1, address: 10.0.0.1, ssh: {port: 22}}]\n"
        "nodes: [{name: n1, address: 10.0.0.2}]\n"
    ).spec
    assert [(host.ssh.user, host.ssh.port) for host in spec.hosts] == [("ops", 22), ("ops", 2222)]


def test_ssh_settings_are_what_a_login_takes_with_the_same_defaults():
    settings = {each.name: each.default for each in fields(SshSettings)}
    assert {
        each.name: each.default for each in fields(Target) if each.name not in ("name", "address")
    } == settings


def test_paths_start_at_the_inventorys_folder_or_at_home(inventory, tmp_path):
    (tmp_path / "key").touch()
    spec = inventory("ssh: {identityFile: key, knownHostsFile: ~/known, configFile: none}\n").spec
    ssh = spec.masters[0].ssh
    assert (ssh.identity_file, ssh.known_hosts_file) == (str(tmp_path / "key"), str(tmp_path / "known"))
    assert ssh.config_file == "none"


def test_manifest_and_repository_keys_may_be_urls_or_files(inventory, tmp_path):
    (tmp_path / "calico.yaml").touch()
    spec = inventory(
        "calico: {manifest: ./calico.yaml}\n"
        "os: {repositories: {docker: {url: 'http://m.lan/d', key: 'https://m.lan/k', components: [a, b]}}}\n"
    ).spec
    assert spec.calico.manifest == str(tmp_path / "calico.yaml")
    assert spec.os.repositories["docker"].key == "https://m.lan/k"
    assert spec.os.repositories["docker"].components == ("a", "b")


def test_a_pinned_public_key_becomes_its_fingerprint(inventory):
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJS9RPAYJoOG39xFcwpa+Ag5CIEBCFjyzzVRXFRHPsVv me@here"
    spec = inventory(f"ssh: {{hostKey: '{key}'}}\n").spec
    assert (
        spec.masters[0].ssh.host_key == "SHA256:b6YbYfecKE015xma8bhM6f/SmZBvDA2MSEBRe+7lejU"
    )  # as ssh-keygen -lf prints


def test_variables_are_filled_in_once(inventory):
    spec = inventory(
        "cluster: {dnsDomain: '${D}', name: '${N:-lab}', imageRepository: \"r.lan/${D:-x}\"}\n"
        "os: {sysctl: {a.b: '$$HOME $x ${LOOP}'}}\n",
        environ={"D": "corp", "N": "", "LOOP": "${D}"},
    ).spec
    assert (spec.cluster.dns_domain, spec.cluster.name) == ("corp", "lab")
    assert spec.cluster.image_repository == "r.lan/corp"
    assert spec.os.sysctl["a.b"] == "$HOME $x ${D}"


@pytest.mark.parametrize(
    "change", [lambda raw: b"\xef\xbb\xbf" + raw, lambda raw: raw.replace(b"\n", b"\r\n")]
)
def test_byte_order_mark_and_crlf_change_nothing(inventory, change):
    text = b"cluster: {name: lab}\nmasters: [{name: m1, address: 10.0.0.1}]\n"
    assert inventory(change(text)).spec == inventory(text).spec


def test_a_dash_reads_stdin(monkeypatch):
    raw = b"cluster: {kubernetesVersion: v1.23.17}\nmasters: [{name: m1, address: 10.0.0.1}]\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    loaded = load("-", environ={})
    assert loaded.spec.masters[0].name == "m1"
    assert (loaded.path, loaded.sha256) == ("-", hashlib.sha256(raw).hexdigest())


def test_the_model_alone_needs_no_yaml_library():
    code = "import sys, k8sboot.inventory.model; sys.exit('yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3]).returncode == 0


def test_a_newer_kernels_packages_are_read(inventory):
    digest = "AB" * 32
    text = (
        "os:\n  kernel:\n    minimum: 5.10\n    packages:\n"
        f"      - {{url: 'http://m.lan/a%2Bb.deb', sha256: {digest}}}\n"
        f"      - {{url: 'http://m.lan/c', sha256: {digest}}}\n"
    )
    kernel = inventory(text).spec.os.kernel
    assert kernel.minimum == "5.10"
    assert [(each.url, each.sha256) for each in kernel.packages] == [
        ("http://m.lan/a%2Bb.deb", digest.lower()),
        ("http://m.lan/c", digest.lower()),
    ]

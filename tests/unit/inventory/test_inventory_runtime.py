"""The `runtime` section: what containerd and Docker can each do, and which Kubernetes can use them."""

from __future__ import annotations

import pytest

from k8sboot.inventory.load import load

PROXY = "kubeProxy: {mode: iptables}\n"
HOSTS = (
    f"{PROXY}masters: [{{name: m1, address: 192.168.1.10}}]\nnodes: [{{name: n1, address: 192.168.1.11}}]\n"
)
CA = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----"


def told(problems, runtime: str, kubernetes: str = "v1.23.17") -> list[tuple[str, str]]:
    text = f"cluster: {{kubernetesVersion: {kubernetes}}}\nruntime: {runtime}\n{HOSTS}"
    found = [each for each in problems(text) if "CALICO" not in each.code]
    return [("warning" if each.is_warning else "error", each.code) for each in found]


@pytest.mark.parametrize(
    ("kubernetes", "version"),
    [("v1.22.17", "1"), ("v1.23.17", "2.2"), ("v1.26.0", "1"), ("v1.26.0", "1.6"), ("v1.37.2", "2.3.1")],
)
def test_containerd_fits_every_kubernetes_in_its_versions(problems, kubernetes, version):
    assert told(problems, f"{{name: containerd, version: '{version}'}}", kubernetes) == []


@pytest.mark.parametrize(
    ("kubernetes", "version"),
    [("v1.22.17", "2"), ("v1.22.17", "2.1"), ("v1.26.0", "1.5"), ("v1.37.2", "1.4.13")],
)
def test_a_version_that_cannot_fit_is_refused(problems, kubernetes, version):
    runtime = f"{{name: containerd, version: '{version}'}}"
    assert told(problems, runtime, kubernetes) == [("error", "KB-VERSION-RUNTIME")]


@pytest.mark.parametrize(
    ("runtime", "expected"),
    [
        ("{registries: {docker.io: {mirrors: ['https://m.lan']}}}", ("error", "KB-REGISTRY")),
        ("{config: {debug: {level: debug}}}", ("error", "KB-REGISTRY")),
        ("{name: containerd, config: {debug: {level: null}}}", ("error", "KB-VALUE")),
        ("{name: containerd, config: {version: 3}}", ("error", "KB-VALUE")),
        ("{name: containerd, insecureRegistries: [10.0.0.0/8]}", ("error", "KB-REGISTRY")),
        ("{name: containerd, registryMirrors: ['https://m.lan']}", ("warning", "KB-REGISTRY")),
        (
            "{name: containerd, registryMirrors: ['https://m.lan'], registries: {docker.io: {}}}",
            ("error", "KB-REGISTRY"),
        ),
        ("{name: containerd, registries: {a.lan: {user: me}}}", ("error", "KB-REGISTRY")),
        ("{name: containerd, registries: {'https://a.lan': {}}}", ("error", "KB-VALUE")),
        ("{name: containerd, registries: {a.lan: {ca: missing.crt}}}", ("error", "KB-NO-FILE")),
        ("{name: containerd, registries: {a.lan: {ca: '-----BEGIN NOTHING'}}}", ("error", "KB-VALUE")),
        (
            "{name: containerd, registries: {a.lan: {mirrors: ['http://b.lan'], user: me, password: '${HOME}'}}}",
            ("warning", "KB-PLAIN-HTTP"),
        ),
    ],
)
def test_what_the_runtime_cannot_do_is_told(problems, runtime, expected):
    assert expected in told(problems, runtime)


def test_dockers_lists_are_told_as_the_lines_to_write(problems):
    text = "{name: containerd, registryMirrors: ['https://m.lan'], insecureRegistries: ['r.lan:5000']}"
    (found,) = (each for each in problems(f"runtime: {text}\n{HOSTS}") if each.code == "KB-REGISTRY")
    assert found.suggestion.startswith(
        'write `registries: {"r.lan:5000": {mirrors: ["https://r.lan:5000", "http://r.lan:5000"], skipVerify: true}, '
        'docker.io: {mirrors: ["https://m.lan"]}}`'
    )


def test_a_ca_is_a_file_beside_the_inventory_or_text_in_it_and_a_password_a_secret(tmp_path):
    (tmp_path / "ca.crt").write_text(CA)
    lines = "".join(f"        {line}\n" for line in CA.splitlines())
    first = "    a.lan: {ca: ca.crt, user: me, password: {env: PW}}\n"
    (tmp_path / "i.yaml").write_text(
        f"{HOSTS}cluster: {{kubernetesVersion: v1.37.2}}\n"
        f"runtime:\n  name: containerd\n  registries:\n{first}    b.lan:\n      ca: |\n{lines}"
    )
    loaded = load(str(tmp_path / "i.yaml"), environ={"HOME": "/", "PW": "geheim"})
    found = loaded.spec.runtime.registries
    assert found["a.lan"].ca == str(tmp_path / "ca.crt")
    assert found["b.lan"].ca == CA
    assert found["a.lan"].password.reveal() == "geheim"
    assert "geheim" not in repr(loaded.spec)
    assert {each.what for each in loaded.effects} == {str(tmp_path / "ca.crt"), "$PW"}

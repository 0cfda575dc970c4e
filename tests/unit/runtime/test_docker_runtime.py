"""Docker, as phases use it through the contract of container runtimes."""

from __future__ import annotations

import dataclasses
import shlex

import pytest
from inventories import spec

from k8sboot.inventory.runtime_settings import RuntimeSettings
from k8sboot.kubernetes.versions import KubernetesVersion
from k8sboot.runtime.docker import Docker

V = KubernetesVersion.parse
DOCKER = Docker()


def test_docker_goes_up_to_1_23() -> None:
    assert DOCKER.unsupported(V("v1.23.17")) == ""
    assert "dockershim" in DOCKER.unsupported(V("v1.24.0"))


def test_dockershim_is_named_as_kubeadm_compares_it() -> None:
    assert DOCKER.cri_socket(V("v1.23.17")) == "/var/run/dockershim.sock"
    assert DOCKER.cri_socket(V("v1.24.0")) == "unix:///run/cri-dockerd.sock"


@pytest.mark.parametrize(
    ("packages", "versions"),
    [
        (
            ("docker-ce", "docker-ce-cli", "containerd.io"),
            {"docker-ce": "20.10", "docker-ce-cli": "20.10", "containerd.io": ""},
        ),
        (("docker.io", "docker.io-x", "runc"), {"docker.io": "20.10", "docker.io-x": "20.10", "runc": ""}),
        ((), {"docker-ce": "20.10", "docker-ce-cli": "20.10", "containerd.io": ""}),
    ],
)
def test_the_engine_and_what_is_named_after_it_have_its_version(packages, versions) -> None:
    wanted = dataclasses.replace(spec(), runtime=RuntimeSettings(version="20.10", packages=packages))
    assert DOCKER.packages(wanted) == versions


def test_images_are_pulled_and_listed_by_their_references() -> None:
    assert shlex.join(DOCKER.pull("r.lan/a:1")) == "docker pull --quiet r.lan/a:1"
    assert shlex.join(DOCKER.present(["a:1", "b:2"])) == (
        "docker image ls --format '{{.Repository}}:{{.Tag}}' --filter reference=a:1 --filter reference=b:2"
    )
    assert shlex.join(DOCKER.digests(["a:1"])) == (
        """docker image inspect --format '{{.Id}}{{range .RepoDigests}} {{index (split . "@") 1}}{{end}}' a:1"""
    )


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("systemd\n", ""),
        ("cgroupfs\n", "docker info reports cgroupfs; see /etc/docker/daemon.json"),
        ((1, "", ""), "docker info reports nothing; see /etc/docker/daemon.json"),
        ((124, "", ""), "`docker info` has not answered within 20 s"),
    ],
)
def test_docker_has_to_answer_and_to_use_the_systemd_cgroup_driver(bench, answer, problem) -> None:
    it = bench(answers={"cgroup-driver": answer})
    seen = []
    it.do(lambda host: seen.append(DOCKER.problem(host)))
    assert seen == [problem]

"""Causes by the words in which programs tell of them; near misses: the same words where they mean something else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from cures import faults_of
from recordings import look
from test_smoke_causes import CASES as OF_ROWS
from yaml_texts import document

from k8sboot.diagnosis import causes
from k8sboot.diagnosis.catalogue import (
    ABOUT_DRIVERS,
    ABOUT_IMAGES,
    ABOUT_NODES,
    ABOUT_PACKAGES,
    ABOUT_RUNTIME,
)
from k8sboot.diagnosis.finding import Catalogue

HERE = Path(__file__).parent
OF_ANY_RUNTIME = {
    *("KB-DISK-FULL", "KB-DISK-PRESSURE", "KB-CONTAINER-EXITED", "KB-NODE-SILENT", "KB-RUNTIME-DOWN"),
    *(
        "KB-IMAGE-SANDBOX",
        "KB-IMAGE-UNKNOWN",
        "KB-REGISTRY-TLS",
        "KB-REGISTRY-LIMIT",
        "KB-REGISTRY-UNREACHABLE",
    ),
}
ONLY_RECORDED = {"KB-KUBELET-CONFIG", "KB-CONTROL-PLANE-FLAG", "KB-SWAP"}
"""Codes whose case is a recording, see test_recorded_failures.py."""


def cases(name: str) -> list[Any]:
    found = document((HERE / name).read_text())
    return [
        pytest.param(case, id=f"{case.get('code', '')} {case.get('says') or case['miss']}"[:60])
        for case in found
    ]


@pytest.mark.parametrize("case", cases("causes.yaml"))
def test_a_cause_is_found_by_its_words(case: dict[str, Any]):
    best = look(case["evidence"], ABOUT_NODES)[0]
    assert best.code == case["code"]
    assert case["says"] in best.cause
    assert not {"{", "}"} & set(best.cause)
    assert faults_of(best.cure) == []


@pytest.mark.parametrize("case", cases("causes.yaml"))
def test_a_cure_names_the_programs_of_the_inventorys_runtime(case: dict[str, Any]):
    with_containerd = look({**case["evidence"], "runtime": "containerd"}, ABOUT_NODES)
    words = " ".join(f.cure for f in with_containerd if f.code in OF_ANY_RUNTIME)
    assert "docker" not in words.lower()


def test_cgroup_drivers_that_differ_are_set_to_systemd():
    """The words of the phase cgroup-driver, as a containerd that was switched to cgroupfs brought them about."""
    said = "kubelet has {} in /var/lib/kubelet/config.yaml, containerd has {}"
    (found,) = look({"output": said.format("systemd", "cgroupfs")}, ABOUT_DRIVERS)
    assert (found.code, found.cause) == (
        "KB-CGROUP-MISMATCH",
        "kubelet has the cgroup driver systemd in /var/lib/kubelet/config.yaml, containerd cgroupfs",
    )
    assert found.cure.startswith("run `k8sboot phase container-runtime cgroup-driver`")
    (found,) = look({"output": said.format("cgroupfs", "systemd")}, ABOUT_DRIVERS)
    assert found.cure.startswith("set cgroupDriver: systemd in /var/lib/kubelet/config.yaml")


@pytest.mark.parametrize("case", cases("packages.yaml"))
def test_a_package_manager_is_understood(case: dict[str, Any]):
    best = look({"output": case["output"]}, ABOUT_PACKAGES)[0]
    assert best.code == case["code"]
    assert case["says"] in best.cause
    assert not {"{", "}"} & set(best.cause)
    assert faults_of(best.cure) == []


@pytest.mark.parametrize("case", cases("near-misses.yaml"))
def test_a_near_miss_is_not_found(case: dict[str, Any]):
    assert look(case["evidence"], ABOUT_NODES) == ()


@pytest.mark.parametrize("case", cases("package-near-misses.yaml"))
def test_a_near_miss_of_a_package_manager_is_not_found(case: dict[str, Any]):
    assert look({"output": case["output"]}, ABOUT_PACKAGES) == ()


def test_what_the_step_itself_said_goes_before_what_logs_tell_of_earlier():
    found = look(
        {
            "output": "[ERROR Port-10259]: Port 10259 is in use",
            "ports": 'LISTEN 0 5 0.0.0.0:10259 0.0.0.0:* users:(("socat",pid=4,fd=5))',
            "kubelet-errors": "F1 x] running with swap on is not supported\nkubelet.service: Failed",
        }
    )
    assert [f.code for f in found] == ["KB-PORT-BUSY", "KB-SWAP"]


def test_symptoms_are_told_only_where_no_cause_is_known():
    pods = "kube-system   etcd-m1   0/1   CrashLoopBackOff   7   12m   10.1.0.3   m1   <none>   <none>"
    assert [f.code for f in look({"pods": pods})] == ["KB-POD-FAILING"]
    assert [f.code for f in look({"pods": pods, "log-etcd": "invalid database"})] == ["KB-ETCD-DATA"]


def test_a_token_that_is_there_is_not_called_unknown_as_well():
    said = 'could not find a JWS signature in the cluster-info ConfigMap for token ID "abcdef"'
    assert [f.code for f in look({"output": said, "tokens": "bootstrap-token-abcdef   x"})] == [
        "KB-TOKEN-UNSIGNED"
    ]
    assert [f.code for f in look({"output": said, "tokens": "bootstrap-token-fedcba   x"})] == [
        "KB-TOKEN-EXPIRED"
    ]


SLOW_ETCD = '{"level":"warn","msg":"slow fdatasync","took":"2.1s","expected-duration":"1s"}\n' * 4
DOCKER_FLAG = {
    "output": "Job for docker.service failed",
    "runtime-unit": "docker\nActiveState=failed\n",
    "runtime-errors": "Status: unknown flag: --storage-drivr\nSee 'dockerd --help'., Code: 125",
    "docker-info": "Cannot connect to the Docker daemon at unix:///var/run/docker.sock",
}


@pytest.mark.parametrize("catalogue", [ABOUT_RUNTIME, ABOUT_IMAGES, ABOUT_NODES])
def test_a_slow_disk_does_not_explain_a_docker_that_does_not_start(catalogue: Catalogue):
    (found,) = look({**DOCKER_FLAG, "log-etcd": SLOW_ETCD}, catalogue)
    assert found.code == "KB-RUNTIME-DOWN"
    assert "unknown flag: --storage-drivr" in found.cause
    assert "systemctl cat docker" in found.cure


def test_a_slow_disk_does_not_explain_the_failure_of_a_cluster_whose_api_is_ready():
    assert look({"log-etcd": SLOW_ETCD, "api": "ok"}) == ()
    assert [f.code for f in look({"log-etcd": SLOW_ETCD, "api": "etcd failed"})] == ["KB-ETCD-SLOW"]


@pytest.mark.parametrize("catalogue", [ABOUT_RUNTIME, ABOUT_IMAGES])
def test_what_only_a_cluster_has_does_not_explain_a_runtime_or_an_image(catalogue: Catalogue):
    evidence = {
        "output": "docker pull: unexpected",
        "log-etcd": SLOW_ETCD + "invalid database\n",
        "kubelet-errors": "F1 x] running with swap on is not supported\nkubelet.service: Failed",
        "events": "Warning Pod x FailedScheduling 0/3 nodes are available: 3 Insufficient cpu.",
    }
    assert look(evidence, catalogue) == ()
    assert look(evidence) != ()


def test_every_code_of_the_catalogue_has_a_case():
    source = "".join(path.read_text() for path in Path(causes.__file__).parent.rglob("*.py"))
    tried = set(OF_ROWS) | {
        case["code"]
        for name in ("causes.yaml", "packages.yaml")
        for case in document((HERE / name).read_text())
    }
    assert set(re.findall(r'"(KB-[A-Z0-9-]+)"', source)) - tried == ONLY_RECORDED

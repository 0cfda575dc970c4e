"""Every file that lands on a host, as it would land, held against tests/golden/files.

`pytest --update-golden` writes them anew; the diff is then for a person to read.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from golden_cases import CASES, USED

from k8sboot.templates import DIRECTORIES

GOLDEN = Path(__file__).parents[2] / "golden" / "files"


@pytest.mark.parametrize("name", CASES)
def test_file_is_as_agreed(name: str, request: pytest.FixtureRequest) -> None:
    text = CASES[name]()
    if request.config.getoption("--update-golden"):
        (GOLDEN / name).write_text(text)
    assert text == (GOLDEN / name).read_text(), f"{name} changed: look, then run pytest --update-golden"


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(CASES)


def test_every_template_has_a_golden_file() -> None:
    USED.clear()
    for case in CASES.values():
        case()
    assert {path.name for path in DIRECTORIES[1].glob("*.j2")} == USED


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

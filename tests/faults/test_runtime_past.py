"""Rows 76 to 82, in this order: a machine whose Docker and kubelet settings are somebody's, and his containers run.

What containerd has in place of Docker's rows is in test_containerd_past.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from faultclusters import LONG
from faultengines import Engine, needs_docker
from faulthosts import FaultyHost, until
from faultpast import DAEMON_JSON as OWN
from faultpast import DOCKER_ROOT as ROOT
from faultpast import PLAN, UP, as_left, containers, controller_of, refuses, set_up, untouched
from faultrows import row
from faultruns import Controller
from faultward import Ward
from on_lab import HOSTS
from summaries import changed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
MASTER, NODE = HOSTS[:2]
DAEMON_JSON = "/etc/docker/daemon.json"


@pytest.fixture(scope="module")
def controller(ward: Ward, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """One for all of these tests, and one host, which they leave as it is."""
    with controller_of(ward, tmp_path_factory.mktemp("past"), *HOSTS) as made:
        yield made


@pytest.fixture
def machine(ward: Ward) -> Iterator[FaultyHost]:
    """The host as the test before has left it."""
    with as_left(ward, MASTER) as found:
        yield found


@pytest.fixture(scope="module")
def past(controller: Controller, ward: Ward, engine: Engine) -> None:
    """The runtime as its owner has set it up, with a container."""
    set_up(controller, ward.host(MASTER), engine)


@pytest.fixture
def docker(engine: Engine, request: pytest.FixtureRequest) -> None:
    """The same, with Docker."""
    needs_docker(engine, "test_containerd_past.py has its rows")
    request.getfixturevalue("past")


def daemon(machine: FaultyHost) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(machine.path(DAEMON_JSON).read_text())
    return found


@row(77, "Docker would be restarted over somebody's containers")
def test_containers_of_others_are_named_and_left_running(
    docker: None, controller: Controller, machine: FaultyHost, engine: Engine
) -> None:
    words = ("running: db", "runtime.allowRestart: true", "live-restore")
    refuses(controller, machine, engine, "KB-RUNTIME-RESTART", *words)


@row(79, "daemon.json against the inventory")
def test_setting_against_the_inventory_is_refused_with_both_values(
    docker: None, controller: Controller, machine: FaultyHost, engine: Engine
) -> None:
    controller.spec["runtime"]["logMaxSize"] = "50m"
    words = ('"log-opts.max-size": "10m"', "runtime.logMaxSize: 50m")
    refuses(controller, machine, engine, "KB-RUNTIME-CONFLICT", *words)
    del controller.spec["runtime"]["logMaxSize"]
    controller.spec["runtime"]["dataRoot"] = "/data/docker"
    refuses(controller, machine, engine, "KB-RUNTIME-CONFLICT", ROOT, "runtime.dataRoot: /data/docker")
    del controller.spec["runtime"]["dataRoot"]


@row(79, "daemon.json that is no JSON")
def test_daemon_json_that_is_no_json_is_refused_with_its_place(
    docker: None, controller: Controller, machine: FaultyHost, engine: Engine
) -> None:
    text = '{\n  "debug": true\n  "bip": "10.200.0.1/24"\n}\n'
    machine.write(DAEMON_JSON, text)
    for command in (PLAN, UP):
        ran = controller.run(*command, expect=1)
        ran.blames(MASTER, "KB-RUNTIME-JSON", "line 3, column 3", DAEMON_JSON)
        assert untouched(ran)
    assert machine.path(DAEMON_JSON).read_text() == text


@row(78, "dataRoot beside the data of a running Docker")
def test_data_root_that_would_leave_data_behind_is_refused(
    docker: None, controller: Controller, machine: FaultyHost, engine: Engine
) -> None:
    # The folder is not in the file, as where a flag in Docker's unit sets it.
    machine.write(DAEMON_JSON, json.dumps({key: value for key, value in OWN.items() if key != "data-root"}))
    controller.spec["runtime"]["dataRoot"] = "/data/docker"
    for command in (PLAN, UP):
        ran = controller.run(*command, expect=1)
        ran.blames(MASTER, "KB-RUNTIME-DATA", ROOT, "/data/docker")
        assert untouched(ran)
    del controller.spec["runtime"]["dataRoot"]


@row(76, "Docker that runs with a daemon.json of its own")
def test_daemon_json_is_merged_and_its_containers_stay(
    docker: None, controller: Controller, machine: FaultyHost, engine: Engine
) -> None:
    machine.path(DAEMON_JSON).write_text(json.dumps({**OWN, "live-restore": True}))
    machine.sh("systemctl reload docker")
    before = containers(machine, engine)
    controller.run(*UP, within=LONG)
    assert daemon(machine) == {
        **OWN,
        "live-restore": True,
        "exec-opts": ["native.cgroupdriver=systemd"],
        "log-driver": "json-file",
        "log-opts": {"max-size": "10m", "max-file": "3"},
        **mirrors(controller, "old.lan:5000"),
    }
    assert machine.sh("docker info -f '{{.CgroupDriver}} {{.DockerRootDir}}'").strip() == f"systemd {ROOT}"
    assert containers(machine, engine) == before
    assert machine.sh("docker volume ls -q").strip() == "mine"
    assert changed(controller.run(*UP, within=LONG).stderr) == 0


@row(76, "a registry that the inventory takes back")
def test_key_that_is_taken_back_goes_and_the_owners_stays(
    docker: None, controller: Controller, machine: FaultyHost, engine: Engine
) -> None:
    there = controller.spec["runtime"].get("insecureRegistries", [])
    before = daemon(machine)
    controller.spec["runtime"]["insecureRegistries"] = [*there, "new.lan:5000", "old.lan:5000"]
    controller.run(*UP, within=LONG)
    assert set(daemon(machine)["insecure-registries"]) == {"old.lan:5000", *there, "new.lan:5000"}
    controller.spec["runtime"]["insecureRegistries"] = there
    controller.run(*UP, within=LONG)
    assert daemon(machine) == before
    assert changed(controller.run(*UP, within=LONG).stderr) == 0


def mirrors(controller: Controller, *others: str) -> dict[str, list[str]]:
    """What the lab's inventory has of registries, united with others."""
    said = controller.spec["runtime"]
    found = {"insecure-registries": [*others, *said.get("insecureRegistries", [])]}
    if said.get("registryMirrors"):
        found["registry-mirrors"] = said["registryMirrors"]
    return found


def environment(host: FaultyHost) -> Path:
    """kubelet's environment file, as the host's family has it."""
    folder = "sysconfig" if host.path("/etc/sysconfig").is_dir() else "default"
    return host.path(f"/etc/{folder}/kubelet")


def pods(controller: Controller, node: str) -> str:
    """How many Pods the node takes."""
    return controller.lab.kubectl("get", "node", node, "-o", "jsonpath={.status.capacity.pods}").strip()


@row(80, "kubelet flags of its owner, against the inventory")
def test_kubelet_flags_against_the_inventory_are_refused(
    past: None, controller: Controller, machine: FaultyHost
) -> None:
    text = 'KUBELET_EXTRA_ARGS="--node-ip=10.9.9.9 --max-pods=99"\n'
    environment(machine).write_text(text)
    for command in (PLAN, UP):
        ran = controller.run(*command, expect=1)
        ran.blames(MASTER, "KB-KUBELET-CONFLICT", "--node-ip=10.9.9.9", f"--node-ip={machine.address}")
        assert untouched(ran)
    assert environment(machine).read_text() == text


@row(80, "kubelet flags of its owner")
def test_kubelet_flags_of_the_owner_stay(
    past: None, controller: Controller, machine: FaultyHost, engine: Engine
) -> None:
    environment(machine).write_text('# mine\nKUBELET_EXTRA_ARGS="--node-labels=mine=yes --max-pods=99"\n')
    before = containers(machine, engine)
    whole = yaml.safe_load(controller.lab.inventory.read_text())
    controller.spec["nodes"] = [host for host in whole["nodes"] if host["name"] == NODE]
    controller.run("up", "--yes", within=LONG)
    assert environment(machine).read_text() == (
        f"# mine\nKUBELET_EXTRA_ARGS='--node-labels=mine=yes --max-pods=99 --node-ip={machine.address}'\n"
    )
    assert pods(controller, MASTER) == "99"
    assert controller.lab.kubectl("get", "nodes", "-l", "mine=yes", "-o", "name").split() == [
        f"node/{MASTER}"
    ]
    assert containers(machine, engine) == before, "the owner's container has lived through all of it"
    assert changed(controller.run("up", "--yes", within=LONG).stderr) == 0


def seen(controller: Controller, node: str) -> tuple[dict[str, str], list[str]]:
    """A node's labels and taints."""
    found = json.loads(controller.lab.kubectl("get", "node", node, "-o", "json"))
    taints = [f"{t['key']}={t.get('value', '')}:{t['effect']}" for t in found["spec"].get("taints", [])]
    return found["metadata"]["labels"], taints


@row(81, "labels and taints of a cluster that runs")
def test_labels_and_taints_are_set_and_taken_back(past: None, controller: Controller) -> None:
    before = seen(controller, MASTER), seen(controller, NODE)
    node = controller.host(NODE)
    controller.spec["labels"] = {"row": "81"}
    node["labels"], node["taints"] = {"disk": "ssd"}, ["own=yes:NoSchedule"]
    plan = controller.run("plan", within=LONG)
    assert f"{NODE} disk: not set -> ssd" in plan.stdout
    assert (seen(controller, MASTER), seen(controller, NODE)) == before
    controller.run("up", "--yes", within=LONG)
    labels, taints = seen(controller, NODE)
    assert (labels["row"], labels["disk"], taints) == ("81", "ssd", ["own=yes:NoSchedule"])
    assert seen(controller, MASTER)[0]["row"] == "81"
    assert changed(controller.run("up", "--yes", within=LONG).stderr) == 0
    del controller.spec["labels"], node["labels"], node["taints"]
    controller.run("up", "--yes", within=LONG)
    assert (seen(controller, MASTER), seen(controller, NODE)) == before
    assert changed(controller.run("up", "--yes", within=LONG).stderr) == 0


@row(82, "kubeletExtraArgs of a cluster that runs")
def test_kubelet_flags_of_the_inventory_reach_kubelet_and_are_taken_back(
    past: None, controller: Controller
) -> None:
    most = pods(controller, NODE)
    controller.host(NODE)["kubeletExtraArgs"] = {"max-pods": "55"}
    ran = controller.run("up", "--yes", within=LONG)
    assert [e["what"] for e in ran.of("Changed", NODE)][-1] == "restart kubelet.service"
    assert ran.of("Changed", MASTER) == []
    until(lambda: pods(controller, NODE) == "55", "kubelet's new limit", within=60)
    del controller.host(NODE)["kubeletExtraArgs"]
    controller.run("up", "--yes", within=LONG)
    until(lambda: pods(controller, NODE) == most, "kubelet's old limit", within=60)
    assert changed(controller.run("up", "--yes", within=LONG).stderr) == 0


@row(123, "settings edited by hand while kubelet and the runtime run")
def test_what_was_edited_by_hand_is_read_by_a_restart_and_told(
    past: None, controller: Controller, machine: FaultyHost, engine: Engine
) -> None:
    path = environment(machine)
    path.write_text(path.read_text().replace("--max-pods=99", "--max-pods=98"))
    edited = {
        "kubelet.service": f"/{path.relative_to(machine.root)}",
        engine.unit: engine.config,
    }
    for unit, file in edited.items():
        machine.sh(f"touch {file}")
        assert (
            f"{unit}: restarts to read {file}, which was changed"
            in controller.run("plan", within=LONG).stdout
        )
        ran = controller.run("up", "--yes", within=LONG)
        assert [e["what"] for e in ran.of("Changed", MASTER)] == [f"restart {unit}"]
        assert ran.of("Changed", NODE) == []
        assert changed(controller.run("up", "--yes", within=LONG).stderr) == 0
    assert pods(controller, MASTER) == "98"
    for unit, file in edited.items():
        machine.sh(f"touch {file}; sleep 2; systemctl restart {unit}")
    assert changed(controller.run("up", "--yes", within=LONG).stderr) == 0

"""Rows 76 to 79 with containerd, in this order: its settings, registries and containers are somebody's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from faultclusters import LONG
from faultengines import Engine, needs_containerd
from faulthosts import FaultyHost
from faultpast import (
    CONFIG_TOML,
    CONTAINERD_ROOT,
    HOSTS_TOML,
    OWN_REGISTRY,
    UP,
    as_left,
    containers,
    controller_of,
    refuses,
    set_up,
)
from faultrows import row
from faultruns import Controller
from faultward import Ward
from on_lab import HOSTS
from summaries import changed

from k8sboot.text.toml_text import read_toml

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
MASTER = HOSTS[0]
CONFIG = "/etc/containerd/config.toml"
DROP_IN = "/etc/systemd/system/containerd.service.d/50-own.conf"
IMAGES, RUNTIME = "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"


@pytest.fixture(scope="module")
def controller(ward: Ward, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """One for all of these tests, and one host, which they leave as it is."""
    with controller_of(ward, tmp_path_factory.mktemp("past"), MASTER) as made:
        yield made


@pytest.fixture
def machine(ward: Ward) -> Iterator[FaultyHost]:
    """The host as the test before has left it."""
    with as_left(ward, MASTER) as found:
        yield found


@pytest.fixture(scope="module")
def past(controller: Controller, ward: Ward, engine: Engine) -> None:
    """containerd as its owner has set it up, without its CRI plugin, and with three containers."""
    needs_containerd(engine)
    set_up(controller, ward.host(MASTER), engine)
    assert len(containers(ward.host(MASTER), engine)) == 12


def config(machine: FaultyHost) -> dict[str, Any]:
    return read_toml(machine.path(CONFIG).read_text())


def runs_with(machine: FaultyHost) -> dict[str, Any]:
    """What the daemon itself says."""
    return read_toml(machine.sh("containerd config dump"))


def restart(machine: FaultyHost) -> None:
    machine.sh("systemctl daemon-reload; systemctl restart containerd")


@row(77, "containerd would be restarted over somebody's containers, which its unit kills")
def test_containers_that_a_restart_kills_are_named_and_left_running(
    past: None, controller: Controller, machine: FaultyHost, engine: Engine
) -> None:
    machine.write(DROP_IN, "[Service]\nKillMode=control-group\n")
    machine.sh("systemctl daemon-reload")
    words = ("running: k8s.io/db, moby/db, own/db", "runtime.allowRestart: true", "KillMode=process")
    refuses(controller, machine, engine, "KB-RUNTIME-RESTART", *words)
    machine.undo.close()
    machine.sh("systemctl daemon-reload")


@row(79, "config.toml against the inventory")
def test_config_toml_against_the_inventory_is_refused_with_both_values(
    past: None, controller: Controller, machine: FaultyHost, engine: Engine
) -> None:
    runtime = controller.spec["runtime"]
    runtime["dataRoot"] = "/data/containerd"
    refuses(
        controller,
        machine,
        engine,
        "KB-RUNTIME-CONFLICT",
        CONTAINERD_ROOT,
        "runtime.dataRoot: /data/containerd",
    )
    del runtime["dataRoot"]
    runtime["config"] = {"debug": {"level": "info"}}
    refuses(controller, machine, engine, "KB-RUNTIME-CONFLICT", "debug.level = 'warn'", "'info'")
    del runtime["config"]
    machine.write(CONFIG, f"{CONFIG_TOML}[grpc]\naddress = '/run/other.sock'\n")
    refuses(
        controller,
        machine,
        engine,
        "KB-RUNTIME-CONFLICT",
        "/run/other.sock",
        "/run/containerd/containerd.sock",
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[debug]", "[debug", ("not valid TOML", "line 6")),
        ("version = 3", "version = 9", ("version 9", "reads up to 4", "runtime.config")),
    ],
    ids=["broken", "newer"],
)
@row(79, "config.toml that cannot be merged")
def test_config_toml_that_cannot_be_merged_is_refused(
    past: None,
    controller: Controller,
    machine: FaultyHost,
    engine: Engine,
    old: str,
    new: str,
    words: tuple[str, ...],
) -> None:
    machine.write(CONFIG, CONFIG_TOML.replace(old, new))
    refuses(controller, machine, engine, "KB-RUNTIME-TOML", CONFIG, *words)


@row(78, "dataRoot beside the data of a running containerd")
def test_data_root_that_would_leave_containerds_data_behind_is_refused(
    past: None, controller: Controller, machine: FaultyHost, engine: Engine
) -> None:
    # The folder is not in the file: a flag in containerd's unit sets it.
    machine.undo.callback(restart, machine)
    machine.write(CONFIG, CONFIG_TOML.replace(f"root = '{CONTAINERD_ROOT}'\n", ""))
    command = f"/usr/bin/containerd --root {CONTAINERD_ROOT}"
    machine.write(DROP_IN, f"[Service]\nExecStart=\nExecStart={command}\n")
    restart(machine)
    controller.spec["runtime"]["dataRoot"] = "/data/containerd"
    refuses(controller, machine, engine, "KB-RUNTIME-DATA", CONTAINERD_ROOT, "/data/containerd")
    del controller.spec["runtime"]["dataRoot"]


@row(76, "containerd that runs with a config.toml of its own, without its CRI plugin")
def test_config_toml_is_merged_and_its_containers_stay(
    past: None, controller: Controller, machine: FaultyHost, engine: Engine
) -> None:
    before = containers(machine, engine)
    controller.run(*UP, within=LONG)
    merged = config(machine)
    assert merged["root"] == CONTAINERD_ROOT
    assert merged["disabled_plugins"] == ["io.containerd.snapshotter.v1.zfs"]
    assert (merged["oom_score"], merged["debug"]) == (-7, {"level": "warn"})
    dump = runs_with(machine)["plugins"]
    assert dump[IMAGES]["max_concurrent_downloads"] == 5
    assert "/pause:3.10" in dump[IMAGES]["pinned_images"]["sandbox"]
    assert "/opt/cni/bin" in dump[RUNTIME]["cni"]["bin_dirs"]
    runtimes = dump[RUNTIME]["containerd"]["runtimes"]
    assert {name: each["options"]["SystemdCgroup"] for name, each in runtimes.items()} == {
        "own": True,
        "runc": True,
    }
    assert machine.sh("ctr plugins ls | awk '$2 == \"cri\" {print $NF}' | sort -u").split() == ["ok"]
    assert containers(machine, engine) == before
    assert machine.path(HOSTS_TOML).read_text() == OWN_REGISTRY
    assert changed(controller.run(*UP, within=LONG).stderr) == 0


@row(76, "a registry, and a setting, that the inventory takes back")
def test_registry_that_is_taken_back_goes_and_the_owners_stays(
    past: None, controller: Controller, machine: FaultyHost, engine: Engine
) -> None:
    before, started = machine.path(CONFIG).read_text(), engine.started(machine)
    new = HOSTS_TOML.replace("own.lan", "new.lan")
    controller.spec["runtime"]["registries"]["new.lan"] = {"mirrors": ["http://new.lan:5000"]}
    controller.run(*UP, within=LONG)
    assert "http://new.lan:5000" in machine.path(new).read_text()
    assert engine.started(machine) == started, "registries are read at each pull"
    del controller.spec["runtime"]["registries"]["new.lan"]
    controller.spec["runtime"]["config"] = {"plugins": {IMAGES: {"discard_unpacked_layers": True}}}
    controller.run(*UP, within=LONG)
    assert not machine.path(new).exists()
    assert runs_with(machine)["plugins"][IMAGES]["discard_unpacked_layers"] is True
    del controller.spec["runtime"]["config"]
    controller.run(*UP, within=LONG)
    assert machine.path(HOSTS_TOML).read_text() == OWN_REGISTRY
    assert read_toml(machine.path(CONFIG).read_text()) == read_toml(before)
    assert changed(controller.run(*UP, within=LONG).stderr) == 0


@row(76, "a file that config.toml imports disables the CRI plugin")
def test_imported_file_that_disables_the_cri_plugin_is_named(
    past: None, controller: Controller, machine: FaultyHost
) -> None:
    machine.undo.callback(restart, machine)
    off = "version = 3\ndisabled_plugins = ['io.containerd.grpc.v1.cri']\n"
    machine.write("/etc/containerd/own.d/no-cri.toml", off)
    machine.write(CONFIG, f"imports = ['/etc/containerd/own.d/*.toml']\n{machine.path(CONFIG).read_text()}")
    restart(machine)
    ran = controller.run(*UP, expect=1, within=LONG)
    said = " ".join(ran.error(MASTER).values())
    assert "CRI plugin" in said
    assert "own.d/no-cri.toml" in said

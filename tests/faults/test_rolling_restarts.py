"""Row 75: a setting of the runtime is changed on a running cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from faultclusters import LONG, UP
from faultengines import Engine
from faultrows import row
from faultruns import Controller
from faultward import Ward
from on_lab import HOSTS
from summaries import changed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
RUNTIME = "container-runtime"
IMAGES = "io.containerd.cri.v1.images"


@pytest.fixture
def controller(ward: Ward, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """With a cluster of all three; the hosts are made anew at the end."""
    with contextlib.closing(Controller(ward.lab, tmp_path_factory.mktemp("rolling"))) as made:
        made.run(*UP, within=LONG)
        ward.lab.wait_for_ready(HOSTS)
        yield made
    ward.lab.control("reset", *HOSTS)


@row(75, "a setting of the runtime is changed on a running cluster")
def test_runtime_is_restarted_on_one_machine_after_the_other(
    controller: Controller, ward: Ward, engine: Engine
) -> None:
    started = {name: engine.started(ward.host(name)) for name in HOSTS}
    before = {name: pods(ward, name) for name in HOSTS if not engine.is_docker}
    runtime = controller.spec.setdefault("runtime", {})
    if engine.is_docker:
        runtime["logMaxSize"] = "77m"
    else:
        runtime["config"] = {"plugins": {IMAGES: {"max_concurrent_downloads": 7}}}
    plan = controller.run("plan", within=300)
    said = " ".join((plan.stdout + plan.stderr).split())
    containers = " and all containers of this machine" if engine.is_docker else "; one machine at a time"
    assert said.count(f"restarts {engine.name}{containers}") >= len(HOSTS)
    assert {name: engine.started(ward.host(name)) for name in HOSTS} == started
    ran = controller.run(*UP, within=LONG)
    at_work: list[str] = []
    for event in ran.events:
        if event.get("phase") == RUNTIME and event["event"] == "PhaseStarted":
            assert not at_work, f"{event['host']} began while {at_work} was at work"
            at_work.append(event["host"])
        elif event.get("phase") == RUNTIME and event["event"] == "PhaseEnded":
            at_work.remove(event["host"])
    for name in HOSTS:
        done = [e["what"] for e in ran.of("Changed", name) if e["phase"] == RUNTIME]
        assert done == [f"write {engine.config}", f"restart {engine.unit}"]
        waited = [e["what"] for e in ran.of("Waiting", name) if e["phase"] == RUNTIME]
        assert f"the Pods of {name} to be ready again" in waited or not engine.is_docker
        assert engine.started(ward.host(name)) != started[name]
    assert {name: pods(ward, name) for name in before} == before, "containerd's containers live on"
    assert changed(controller.run(*UP, within=600).stderr) == 0


def pods(ward: Ward, name: str) -> list[str]:
    """The containers of Pods that run there."""
    return sorted(ward.lab.ssh(name, "crictl", "ps", "-q").split())

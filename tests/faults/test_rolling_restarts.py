"""Row 75: a setting of the runtime is changed on a running cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from faultclusters import LONG, UP
from faultrows import row
from faultruns import Controller
from faultward import Ward
from on_lab import HOSTS
from summaries import changed

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]
RUNTIME = "container-runtime"


@pytest.fixture
def controller(ward: Ward, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """With a cluster of all three; the hosts are made anew at the end."""
    with contextlib.closing(Controller(ward.lab, tmp_path_factory.mktemp("rolling"))) as made:
        made.run(*UP, within=LONG)
        ward.lab.wait_for_ready(HOSTS)
        yield made
    ward.lab.control("reset", *HOSTS)


@row(75, "the log size of the runtime is changed on a running cluster")
def test_runtime_is_restarted_on_one_machine_after_the_other(controller: Controller, ward: Ward) -> None:
    started = {name: docker_started(ward, name) for name in HOSTS}
    controller.spec.setdefault("runtime", {})["logMaxSize"] = "77m"
    plan = controller.run("plan", within=300)
    said = " ".join((plan.stdout + plan.stderr).split())
    assert said.count("restarts docker and all containers of this machine") >= len(HOSTS)
    assert {name: docker_started(ward, name) for name in HOSTS} == started
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
        assert done == ["write /etc/docker/daemon.json", "restart docker.service"]
        waited = [e["what"] for e in ran.of("Waiting", name) if e["phase"] == RUNTIME]
        assert f"the Pods of {name} to be ready again" in waited
        assert docker_started(ward, name) != started[name]
    assert changed(controller.run(*UP, within=600).stderr) == 0


def docker_started(ward: Ward, name: str) -> str:
    """When Docker was started there."""
    return ward.lab.ssh(name, "systemctl", "show", "-p", "ActiveEnterTimestampMonotonic", "docker")

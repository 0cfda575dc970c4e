"""Rows 3, 43, 44 and 61 at full length: `up` from bare hosts to a cluster, again and again cut short."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from faultclusters import LONG, UP, finished, is_whole, likeness, until_it_begins
from faultdeeds import killed_at_a_new_record
from faultengines import Engine
from faulthosts import FaultyHost, until
from faultrows import row
from faultruns import Controller, Running
from faultward import Ward
from on_lab import HOSTS

from k8sboot.runbook import UP as PHASES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]


@pytest.fixture(scope="module")
def undisturbed(ward: Ward, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What an `up` that nothing befell makes of these hosts."""
    controller = Controller(ward.lab, tmp_path_factory.mktemp("undisturbed"))
    try:
        controller.run(*UP, within=LONG)
        ward.lab.wait_for_ready(HOSTS)
        return likeness(ward.host(name) for name in HOSTS)
    finally:
        controller.close()
        ward.lab.control("reset", *HOSTS)


@row(59, "a plan after every phase of up")
def test_a_plan_after_every_phase_has_nothing_in_it(
    undisturbed: set[str], controller: Controller, hosts: dict[str, FaultyHost]
) -> None:
    for phase in (phase.name for phase in PHASES):
        controller.run(*UP, "--to", phase, within=LONG)
        plan = controller.run("plan", "--to", phase, "--exit-code")
        assert "nothing would change" in plan.stdout, f"after {phase}\n{plan.stdout}"
    is_whole(controller, hosts.values(), undisturbed)


@row(44, "kill -9 at every record of the journal of up")
def test_killed_at_every_record_up_comes_to_the_same_end(
    undisturbed: set[str], controller: Controller, hosts: dict[str, FaultyHost]
) -> None:
    seen: set[tuple[str, str, str]] = set()
    kills = 0
    while killed_at_a_new_record(run := controller.start(*UP), seen, within=LONG):
        kills += 1
    run.end(within=LONG)
    print(f"killed {kills} times, at {len(seen)} records")
    assert kills > 50
    is_whole(controller, hosts.values(), undisturbed)


def cut_in_the_middle(
    host: FaultyHost, run: Running, what: str, *, after: float, told: list[str]
) -> threading.Thread:
    """Pull the host's cable for a minute when this change has begun there."""

    def act() -> None:
        until_it_begins(run, host.name, what)
        jobs, name = host.path("/var/lib/k8sboot/jobs"), what.replace(" ", "-")
        until(lambda: list(jobs.glob(f"{name}*/pid")), f"the job {name}")
        time.sleep(after)
        host.lab.control("cut", host.name)
        try:
            time.sleep(60)
        finally:
            host.lab.control("mend", host.name)
        told.append(host.name)

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread


@row(3, "cable pulled for a minute in kubeadm init, kubeadm join and an installation")
def test_cables_pulled_in_init_join_and_installation_cost_nothing(
    undisturbed: set[str], controller: Controller, hosts: dict[str, FaultyHost], master: FaultyHost,
    node: FaultyHost, other: FaultyHost, engine: Engine,
) -> None:  # fmt: skip
    told: list[str] = []
    run = controller.start(*UP)
    cuts = [
        cut_in_the_middle(other, run, f"install {engine.name}", after=1, told=told),
        cut_in_the_middle(master, run, "kubeadm init", after=3, told=told),
        cut_in_the_middle(node, run, "kubeadm join", after=0.5, told=told),
    ]
    ran = run.end(within=LONG)
    for cut in cuts:
        cut.join(90)
    assert sorted(told) == sorted(HOSTS)
    assert ran.of("Failed") == []
    for host in hosts.values():
        assert "continues on the host" in ran.notices(host.name), ran.notices()
    is_whole(controller, hosts.values(), undisturbed)


def a_new_phase_alters(run: Running, host: str, seen: set[str]) -> str:
    """Wait until a phase that has not been seen begins to alter the host; '' when the run ends first."""
    while True:
        has_ended = run.has_ended()
        begun = (e["phase"] for e in run.events if e["event"] == "Changing" and e.get("host") == host)
        new = next((phase for phase in begun if phase not in seen), "")
        if new or has_ended:
            return "" if has_ended else new
        time.sleep(0.05)


@pytest.mark.parametrize("name", ["k8s-master01", "k8s-node01"])
@row(43, "power gone in every phase of up")
def test_power_gone_in_every_phase_up_comes_to_the_same_end(
    undisturbed: set[str], controller: Controller, hosts: dict[str, FaultyHost], name: str
) -> None:
    seen: set[str] = set()
    lab = controller.lab
    while True:
        run, before = controller.start(*UP), len(seen)
        while phase := a_new_phase_alters(run, name, seen):
            seen.add(phase)
            time.sleep(0.3)
            lab.control("kill", name)
            lab.control("start", name)
        ran = finished(run, codes=(0, 1, 3))
        if len(seen) == before:
            break
        print(f"left with {ran.code} after {', '.join(sorted(seen))}")
        assert all(e["error"]["fix"] for e in ran.of("Failed")), ran.stderr
    assert ran.code == 0, ran.stderr
    common = "hosts os-prep os-packages time-sync kernel container-runtime kube-packages images"
    own = "kubeadm-init join-token calico" if name == HOSTS[0] else "join-nodes"
    assert {*common.split(), *own.split()} <= seen
    is_whole(controller, hosts.values(), undisturbed)


@row(61, "the first master's power goes between init and join")
def test_master_dies_between_init_and_join(
    undisturbed: set[str], controller: Controller, hosts: dict[str, FaultyHost], master: FaultyHost
) -> None:
    run = controller.start(*UP)

    def has_token() -> bool:
        assert not run.has_ended(), run.stderr
        return any(e["event"] == "Changed" and e["what"] == "make a join token" for e in run.events)

    until(has_token, "a join token", within=900)
    controller.lab.control("kill", master.name)
    ran = finished(run, codes=(1, 3))
    assert master.name in {e["host"] for e in ran.of("Failed")}, ran.stderr
    assert ran.error(master.name)["fix"]
    ends = [e["time"] for e in ran.of("Failed")]
    assert max(ends) - min(ends) < 120, "each node has waited for the master in its turn"
    for host in hosts.values():
        if host is not master:
            assert (
                host.sh("ls /run/k8sboot/join.yaml /etc/kubernetes/bootstrap-kubelet.conf 2>/dev/null; true")
                == ""
            )
    controller.lab.control("start", master.name)
    controller.run(*UP, within=LONG)
    is_whole(controller, hosts.values(), undisturbed)


@pytest.fixture(autouse=True)
def _evidence(request: pytest.FixtureRequest, ward: Ward) -> Iterator[None]:
    """What the cluster looks like when a test has failed."""
    failed_before = request.session.testsfailed
    yield
    if request.session.testsfailed > failed_before:
        script = "kubectl get nodes,pods -A -o wide; docker ps || crictl ps; journalctl -u kubelet -n 20 --no-pager"
        print(ward.lab.ssh(HOSTS[0], "sh", "-c", script, check=False))

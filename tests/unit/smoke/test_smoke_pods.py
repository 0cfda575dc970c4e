"""Rows of the smoke test that watch Pods: each is seen to pass, and to fail by what it looks at."""

from __future__ import annotations

import pytest
from smoke_states import container, endpoints, event, pod, scene, seen

from k8sboot.smoke import on_pods
from k8sboot.smoke.objects import MESSAGE

PULLED = event("pull-always", "Pulled", "Successfully pulled image r/agnhost:1 in 1s")
PRESENT = event("pull-ifnotpresent", "Pulled", "Container image r/agnhost:1 already present on machine")
NEVER = pod("pull-never", container(waiting="ErrImageNeverPull"), phase="Pending")
RUNNING = [pod(name, container(ready=True), ready=True) for name in ("pull-ifnotpresent", "pull-always")]
MISSING = container(waiting="ImagePullBackOff", message="not found")


def echo(node: str, *containers, ready=False):
    return pod(f"echo-{node}", *containers, part="echo", node=node, ready=ready)


def test_the_image_runs_on_every_node():
    both = seen(*(echo(node, container(), ready=True) for node in ("n1", "n2")))
    found = on_pods.image(scene(both, nodes=("n1", "n2")))
    assert found.problem == ""
    assert "2 nodes" in found.seen


def test_an_image_that_cannot_be_pulled_is_named_with_its_nodes_within_seconds():
    now = scene(seen(echo("n1", container(), ready=True), echo("n2", MISSING), at=10.0), nodes=("n1", "n2"))
    assert not on_pods.image(now).is_final
    now.now = seen(echo("n1", container(), ready=True), echo("n2", MISSING), at=17.0)
    found = on_pods.image(now)
    assert found.is_final
    assert found.problem == "n2: r/agnhost:1: ImagePullBackOff (not found)"


def test_nodes_with_the_same_problem_are_named_together():
    now = scene(seen(echo("n2", MISSING), echo("n1", MISSING), at=10.0), nodes=("n1", "n2"))
    now.notes["pull"] = 0.0
    assert on_pods.image(now).problem == "n1, n2: r/agnhost:1: ImagePullBackOff (not found)"


def test_a_pull_that_kubelet_waits_to_repeat_has_the_reason_of_its_event():
    late = container(waiting="ImagePullBackOff", message='Back-off pulling image "r/agnhost:1"')
    said = (
        warning(
            "echo-n1", 'Failed to pull image "r/agnhost:1": rpc error: not found', "2026-11-30T00:00:01Z"
        ),
        warning("echo-n1", "Error: ImagePullBackOff", "2026-11-30T00:00:09Z"),
    )
    now = scene(seen(echo("n1", late), *said, at=10.0))
    now.notes["pull"] = 0.0
    assert on_pods.image(now).problem == "n1: r/agnhost:1: ErrImagePull (rpc error: not found)"


def warning(name, message, when):
    return event(name, "Failed", message, type="Warning", lastTimestamp=when)


def test_a_pod_that_does_not_start_has_the_newest_warning_about_it():
    said = [
        warning("echo-n1", "no CNI", "2026-11-30T00:00:09Z"),
        warning("echo-n1", "old", "2026-11-30T00:00:01Z"),
    ]
    now = seen(pod("echo-n1", part="echo", phase="Pending"), *said, event("echo-n1", "Scheduled", "assigned"))
    assert on_pods.image(scene(now)).problem == "n1: Pending (Failed: no CNI)"


def test_a_pod_that_is_not_made_has_the_warning_about_its_daemonset():
    now = seen(warning("echo", "exceeded quota", "2026-11-30T00:00:09Z"))
    assert on_pods.image(scene(now)).problem == "n1: no Pod yet (Failed: exceeded quota)"


def test_an_image_that_other_nodes_still_pull_is_waited_for():
    now = scene(seen(echo("n1", MISSING), echo("n2", container(waiting="ContainerCreating")), at=10.0))
    now.nodes = {"n1": "", "n2": ""}
    now.notes["pull"] = 0.0
    assert not on_pods.image(now).is_final


@pytest.mark.parametrize(
    ("items", "problem"),
    [
        ((NEVER, *RUNNING, PULLED, PRESENT), ""),
        ((pod("pull-never", MISSING), *RUNNING, PULLED, PRESENT), "not ErrImageNeverPull"),
        ((NEVER, *RUNNING, PRESENT), "pull-always runs, but no event"),
        ((NEVER, RUNNING[1], PULLED, PRESENT), "pull-ifnotpresent: no such Pod"),
    ],
    ids=["as it should be", "Never pulls", "Always does not pull", "IfNotPresent does not run"],
)
def test_pull_policies(items, problem):
    found = on_pods.pull_policies(scene(seen(*items)))
    assert problem in found.problem
    assert bool(found.problem) == bool(problem)


def restarts(*, completed=0, always=1, back_off=True):
    done = [
        pod(name, container(ended="Completed", restarts=completed), phase="Succeeded")
        for name in ("restart-never", "restart-onfailure")
    ]
    waiting = {"waiting": "CrashLoopBackOff"} if back_off else {}
    names = ("restart-always", "restart-onfailure-failed")
    return (*done, *(pod(name, container(restarts=always, **waiting)) for name in names))


def test_restart_policies_pass_even_if_the_back_off_was_seen_earlier():
    then, now = seen(*restarts()), seen(*restarts(always=2, back_off=False))
    assert on_pods.restart_policies(scene(then, now)).problem == ""


def test_the_event_of_a_back_off_that_no_look_saw_counts():
    said = [
        event(n, "BackOff", "Back-off restarting failed container")
        for n in ("restart-always", "restart-onfailure-failed")
    ]
    assert on_pods.restart_policies(scene(seen(*restarts(back_off=False), *said))).problem == ""


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ({"completed": 1}, "not Completed without a restart"),
        ({"always": 0}, "no CrashLoopBackOff"),
        ({"back_off": False}, "no CrashLoopBackOff"),
    ],
)
def test_a_restart_policy_that_does_not_hold_fails(how, problem):
    assert problem in on_pods.restart_policies(scene(seen(*restarts(**how)))).problem


def test_probes_that_succeed():
    fine = pod("probes", container("exec", ready=True), container("grpc", ready=True), ready=True)
    assert on_pods.probes(scene(seen(fine))).seen == "exec, grpc: ready, no restart"
    old = pod("probes", container("exec", ready=True), ready=True)
    assert on_pods.probes(scene(seen(old))).seen.endswith("restart; gRPC probes begin with Kubernetes 1.24")
    again = pod("probes", container("exec", ready=True, restarts=1), ready=True)
    assert "were restarted" in on_pods.probes(scene(seen(again))).problem
    late = pod("probes", container("exec", ready=True), container("tcp"))
    assert on_pods.probes(scene(seen(late))).problem.startswith("not ready: tcp")


def test_every_container_with_a_failing_liveness_probe_is_restarted():
    said = event("liveness", "Unhealthy", "Liveness probe failed: HTTP probe failed")
    both = pod("liveness", container("exec", restarts=1), container("http", restarts=2))
    assert on_pods.liveness(scene(seen(both, said))).problem == ""
    one = pod("liveness", container("exec", restarts=1), container("http"))
    assert on_pods.liveness(scene(seen(one, said))).problem.startswith("not restarted: http")
    assert "no event" in on_pods.liveness(scene(seen(both))).problem


def test_a_pod_that_is_not_ready_leaves_its_service():
    inside = seen(pod("readiness", container(ready=True), ready=True), endpoints("readiness", "172.16.0.5"))
    outside = seen(pod("readiness", container()), endpoints("readiness", "172.16.0.5", ready=False))
    assert on_pods.readiness(scene(inside, outside)).problem == ""
    assert "never among" in on_pods.readiness(scene(outside)).problem
    assert "still among" in on_pods.readiness(scene(inside)).problem
    again = seen(pod("readiness", container(restarts=1)))
    assert on_pods.readiness(scene(inside, again)).is_final


def test_a_startup_probe_holds_the_liveness_probe_back():
    assert on_pods.startup(scene(seen(pod("startup", container(ready=True), ready=True)))).problem == ""
    assert "not started" in on_pods.startup(scene(seen(pod("startup", container())))).problem
    assert on_pods.startup(scene(seen(pod("startup", container(restarts=1))))).is_final


@pytest.mark.parametrize(("seconds", "problem"), [(1, "ready 1 s after its start"), (7, ""), (40, "")])
def test_a_pod_that_is_ready_before_its_startup_probe_fails(seconds, problem):
    main = container(ready=True, began="2026-11-30T00:00:00Z")
    now = seen(pod("startup", main, ready=True, since=f"2026-11-30T00:00:{seconds:02}Z"))
    found = on_pods.startup(scene(now))
    assert problem in found.problem
    assert bool(found.problem) == found.is_final == bool(problem)


def test_settings_reach_the_container():
    def ended(message):
        return scene(seen(pod("settings", container(ended="Completed", message=message), phase="Succeeded")))

    assert on_pods.settings(ended(MESSAGE)).problem == ""
    found = on_pods.settings(ended(MESSAGE.replace("in-secret", "")))
    assert found.is_final
    assert "the container has args=1 2" in found.problem


def deleted(name: str, *, gone_after: float):
    """A scene in which the Pod was deleted at 10 s and was gone after some seconds."""
    ready = pod(name, container(ready=True), ready=True)
    now = scene(seen(ready, at=9.5))
    look = {"hooks": on_pods.hooks, "grace": on_pods.grace_period}[name]
    assert look(now).problem
    assert now.changes == [f"delete the Pod {name}"]
    now.moments = (seen(ready, at=9.5), seen(ready, at=9.0 + gone_after), seen(at=10.0 + gone_after))
    now.now = now.moments[-1]
    return look(now)


@pytest.mark.parametrize("name", ["hooks", "grace"])
def test_a_pod_that_is_deleted_has_its_time(name):
    assert deleted(name, gone_after=13.0).problem == ""
    short = deleted(name, gone_after=2.0)
    assert short.is_final
    assert short.problem.startswith("ended 2.5 s after its deletion")


def test_a_pod_that_outlives_its_grace_period_fails():
    ready = pod("grace", container(ready=True), ready=True)
    now = scene(seen(ready, at=9.5))
    on_pods.grace_period(now)
    now.moments, now.now = (seen(ready, at=60.0),), seen(ready, at=60.0)
    found = on_pods.grace_period(now)
    assert found.is_final
    assert "still there 50 s after its deletion" in found.problem

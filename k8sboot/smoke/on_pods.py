"""Rows about what becomes of Pods, which the API server tells."""

from __future__ import annotations

from k8sboot.kubernetes import commands
from k8sboot.smoke.objects import (
    ECHO,
    FIRST_WITH_GRPC,
    GRACE,
    MESSAGE,
    NAMESPACE,
    PRE_STOP,
    READINESS,
    STARTED_AFTER,
)
from k8sboot.smoke.row import Found
from k8sboot.smoke.scene import Scene
from k8sboot.smoke.state import Moment, Pod

PULL_ENDS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull")
PATIENCE = 6.0
"""Seconds for which a pull may fail: a registry may be late once."""
SLACK = 20.0
"""Seconds that kubelet may need beyond a grace period."""


def image(scene: Scene) -> Found:
    """The image is on every node, and a Pod of it runs there."""
    running, pods = scene.echoes, scene.now.parts(ECHO)
    missing = [name for name in scene.nodes if name not in running]
    if not missing:
        return Found(seen=f"{scene.image} runs on {_count(len(running), 'node')}")
    failed = {pod.node: pod for pod in pods if pull_fails(pod)}
    if failed and scene.now.asked - scene.notes.setdefault("pull", scene.now.asked) >= PATIENCE:
        alike: dict[str, list[str]] = {}
        for node, pod in sorted(failed.items()):
            alike.setdefault(_failed_pull(pod, scene.now), []).append(node)
        said = [f"{', '.join(nodes)}: {scene.image}: {state}" for state, nodes in alike.items()]
        return Found("; ".join(said), is_final=len(failed) == len(missing))
    by_node = {pod.node: _state(pod, scene.now) for pod in pods}
    none = f"no Pod yet{_warning(ECHO, scene.now)}"
    return Found("; ".join(f"{name}: {by_node.get(name) or none}" for name in missing))


def pull_fails(pod: Pod) -> bool:
    """Whether its image cannot be pulled."""
    return any(each.waiting in PULL_ENDS for each in pod.containers)


def _failed_pull(pod: Pod, now: Moment) -> str:
    """Why its image is not pulled: by the event, since kubelet's state names no reason while it waits."""
    why = now.warning(pod.name, "Failed to pull image").partition('": ')[2]
    return f"ErrImagePull ({why})" if why else pod.state


def pull_policies(scene: Scene) -> Found:
    """Each image pull policy does what it says."""
    now, wrong = scene.now, []
    never = now.pods.get("pull-never", Pod("pull-never"))
    if never.state.split(" ")[0] != "ErrImageNeverPull":
        wrong.append(f"imagePullPolicy Never, image missing: {_of(never, scene.now)}, not ErrImageNeverPull")
    told = {"pull-ifnotpresent": "already present on machine", "pull-always": "Successfully pulled image"}
    for name, words in told.items():
        pod = now.pods.get(name, Pod(name))
        if not pod.is_ready:
            wrong.append(f"{name}: {_of(pod, scene.now)}")
        elif not now.said(name, words):
            wrong.append(f"{name} runs, but no event says {words!r}")
    return _found(wrong, "Never: ErrImageNeverPull; IfNotPresent: not pulled again; Always: pulled")


def restart_policies(scene: Scene) -> Found:
    """Each restart policy does what it says."""
    now, wrong = scene.now, []
    for name in ("restart-never", "restart-onfailure"):
        pod = now.pods.get(name, Pod(name))
        if pod.phase != "Succeeded" or pod.state != "Completed" or pod.restarts:
            wrong.append(f"{name}: {_of(pod, scene.now)}, not Completed without a restart")
    for name in ("restart-always", "restart-onfailure-failed"):
        restarts = max((m.pods[name].restarts for m in scene.moments if name in m.pods), default=0)
        is_held_back = _was(scene, name, "CrashLoopBackOff") or now.said(name, "Back-off restarting")
        if not restarts or not is_held_back:
            pod = now.pods.get(name, Pod(name))
            wrong.append(f"{name}: {_of(pod, scene.now)}, no CrashLoopBackOff after a restart")
    return _found(wrong, "Never, OnFailure: Completed; Always, and OnFailure with status 3: CrashLoopBackOff")


def _was(scene: Scene, name: str, state: str) -> bool:
    pods = (moment.pods.get(name) for moment in scene.moments)
    return any(pod is not None and pod.state.startswith(state) for pod in pods)


def probes(scene: Scene) -> Found:
    """Probes that succeed leave a container as it is."""
    pod = scene.now.pods.get("probes", Pod("probes"))
    wrong = [each.name for each in pod.containers if not each.is_ready]
    if pod.restarts:
        return Found(f"containers were restarted although their probes succeed: {_of(pod, scene.now)}")
    if not pod.is_ready or wrong:
        return Found(f"not ready: {', '.join(wrong) or 'the Pod'}: {_of(pod, scene.now)}")
    return Found(seen=f"{_names(pod)}: ready, no restart{_left_out(pod)}")


def liveness(scene: Scene) -> Found:
    """A failing liveness probe restarts the container."""
    pod = scene.now.pods.get("liveness", Pod("liveness"))
    still = [each.name for each in pod.containers if not each.restarts]
    if still or not pod.containers:
        return Found(f"not restarted: {', '.join(still) or 'the Pod has not started'}: {_of(pod, scene.now)}")
    if not scene.now.said("liveness", "Liveness probe failed"):
        return Found("containers were restarted, but no event says 'Liveness probe failed'")
    return Found(seen=f"{_names(pod)}: restarted{_left_out(pod)}")


def _names(pod: Pod) -> str:
    """The kinds of probes that are tried: each has a container of its name."""
    return ", ".join(each.name for each in pod.containers)


def _left_out(pod: Pod) -> str:
    """The kind that the cluster's Kubernetes does not have yet."""
    has_grpc = any(each.name == "grpc" for each in pod.containers)
    return "" if has_grpc else f"; gRPC probes begin with Kubernetes 1.{FIRST_WITH_GRPC}"


def readiness(scene: Scene) -> Found:
    """A failing readiness probe takes the Pod out of its Service, and does not restart it."""
    was_in = next((i for i, m in enumerate(scene.moments) if _is_in_service(m)), None)
    pod = scene.now.pods.get(READINESS, Pod(READINESS))
    if was_in is None:
        return Found(f"the Pod was never among the Service's endpoints: {_of(pod, scene.now)}")
    if pod.restarts:
        return Found(f"the container was restarted: {_of(pod, scene.now)}", is_final=True)
    if _is_in_service(scene.now) or pod.is_ready:
        return Found("the Pod is still among the Service's endpoints, although its probe fails")
    return Found(seen="left the Service's endpoints, no restart")


def _is_in_service(moment: Moment) -> bool:
    pod = moment.pods.get(READINESS)
    return pod is not None and pod.address in moment.endpoints.get(READINESS, frozenset())


def startup(scene: Scene) -> Found:
    """A startup probe holds the other probes back."""
    pod = scene.now.pods.get("startup", Pod("startup"))
    if pod.restarts:
        return Found(f"the liveness probe did not wait: {_of(pod, scene.now)}", is_final=True)
    if not pod.is_ready:
        return Found(f"not started yet: {_of(pod, scene.now)}")
    took = _until_ready(pod)
    if took is not None and took < STARTED_AFTER - 1:  # times are whole seconds
        return Found(
            f"ready {took:.0f} s after its start: its startup probe takes {STARTED_AFTER} s", is_final=True
        )
    return Found(seen="liveness and readiness waited until it had started, no restart")


def _until_ready(pod: Pod) -> float | None:
    """Seconds from the start of its container until it was ready, by kubelet's own times."""
    began = pod.containers[0].began if pod.containers else None
    return (pod.ready_since - began).total_seconds() if pod.ready_since and began else None


def settings(scene: Scene) -> Found:
    """Command, arguments, environment, ConfigMap and Secret reach the container."""
    pod = scene.now.pods.get("settings", Pod("settings"))
    said = pod.containers[0].message if pod.containers and pod.phase == "Succeeded" else ""
    if not said:
        return Found(f"the container has not ended: {_of(pod, scene.now)}", is_final=pod.phase == "Failed")
    if said != MESSAGE:
        return Found(f"the container has {said}, not {MESSAGE}", is_final=True)
    return Found(seen="command, arguments, variables, ConfigMap and Secret as set")


def hooks(scene: Scene) -> Found:
    """postStart runs before a Pod is ready, preStop before it ends."""
    return _end_of(scene, "hooks", PRE_STOP, "preStop")


def grace_period(scene: Scene) -> Found:
    """A container that ignores SIGTERM is killed after its grace period."""
    return _end_of(scene, "grace", GRACE, "the grace period")


def _end_of(scene: Scene, name: str, seconds: int, why: str) -> Found:
    """Delete the Pod when it is ready, and measure how long it stays."""
    if name not in scene.notes:
        pod = scene.now.pods.get(name, Pod(name))
        if not pod.is_ready:
            return Found(f"not ready: {_of(pod, scene.now)}")
        _delete(scene, name)
    deleted, gone = scene.notes[name], scene.notes[f"{name} deleted"]
    there = [m for m in scene.moments if name in m.pods]
    after = next((m for m in scene.moments if m.asked > gone and name not in m.pods), None)
    if after is None:
        late = scene.now.asked - gone > seconds + SLACK
        return Found(f"still there {scene.now.asked - gone:.0f} s after its deletion", is_final=late)
    most, least = after.answered - deleted, max(0.0, there[-1].asked - gone)
    if most < seconds:
        return Found(f"ended {most:.1f} s after its deletion: {why} takes {seconds} s", is_final=True)
    return Found(seen=f"ended {least:.0f} to {most:.0f} s after its deletion; {why} takes {seconds} s")


def _delete(scene: Scene, name: str) -> None:
    began = scene.watch.clock()
    delete = commands.kubectl("delete", "pod", name, "--namespace", NAMESPACE, "--wait=false")
    scene.change(f"delete the Pod {name}", delete)
    scene.notes[name], scene.notes[f"{name} deleted"] = began, scene.watch.clock()


def _of(pod: Pod, now: Moment) -> str:
    """A Pod in a few words."""
    if not pod.phase:
        return "no such Pod"
    again = f", {pod.restarts} restarts" if pod.restarts else ""
    return f"{_state(pod, now)}{again}{f' on {pod.node}' if pod.node else ''}"


def _state(pod: Pod, now: Moment) -> str:
    """Its state, with the last warning about it where that has no reason of its own."""
    return f"{pod.state}{_warning(pod.name, now) if pod.state == pod.phase else ''}"


def _warning(name: str, now: Moment) -> str:
    said = now.warning(name)
    return f" ({said})" if said else ""


def _found(wrong: list[str], seen: str) -> Found:
    return Found("; ".join(wrong)) if wrong else Found(seen=seen)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"

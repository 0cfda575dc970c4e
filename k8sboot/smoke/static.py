"""The row of the static Pod: a file on a node, which kubelet makes a Pod of. It is written in a phase of that node."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from k8sboot.cluster import Cluster
from k8sboot.errors import DeadlineExceeded, K8sbootError
from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.peer import Peer
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import commands
from k8sboot.paths import SMOKE_STATIC_POD
from k8sboot.smoke import namespace, objects
from k8sboot.smoke.objects import ECHO, NAMESPACE
from k8sboot.smoke.on_pods import pull_fails
from k8sboot.smoke.row import Found
from k8sboot.smoke.scene import Scene
from k8sboot.smoke.state import KINDS, Moment, Pod, moment

STARTS, ENDS = 90, 60
"""Seconds for kubelet to see the file and its Pod to run, and to see that the file is gone."""


def remove_file(host: Host) -> None:
    """Remove the file, if it is there."""
    if host.file(SMOKE_STATIC_POD) is not None:
        host.change("remove the static Pod", ["rm", "-f", "--", SMOKE_STATIC_POD])


def place(spec: Spec) -> tuple[HostSpec, ...]:
    """The host that gets it in a phase of its own: the last. None where it is the first master, which has another."""
    return spec.hosts[1:][-1:]


class StaticPod:
    """The row, and what the phase on the node has found for it."""

    def __init__(self) -> None:
        self._found: Found | None = None

    def try_on(self, cluster: Cluster, host: Host) -> None:
        """Start a static Pod on the host and end it, and keep what came of it."""
        try:
            self._found = _tried(cluster, host)
        except K8sbootError as error:
            self._found = Found(str(error), is_final=True)
            raise

    def look(self, scene: Scene) -> Found:
        """A static Pod starts from a file on a node, and ends with it."""
        where = place(scene.cluster.spec)
        if not where:
            self.try_on(scene.cluster, scene.host)
        elif where[0].name not in scene.reachable:
            return Found(skipped=f"{where[0].name} is not connected, or no node")
        return self._found or Found(f"the Pod on {where[0].name} has not started and ended yet")


def _tried(cluster: Cluster, host: Host) -> Found:
    master, name = cluster.first_master, f"static-{host.name}"
    try:
        _wait(host, "the smoke test's image to be here", lambda: _no_image(master, host.name), STARTS)
        if _is_hopeless(_echo(master, host.name)):
            return Found(skipped=f"the image does not run on {host.name}")
        began = time.monotonic()
        with _file(host, objects.static_pod(namespace.image_of(cluster.spec))):
            _wait(host, f"the static Pod {name} to run", lambda: _not_ready(master, name), STARTS)
            took = time.monotonic() - began
        _wait(host, f"the static Pod {name} to end", lambda: _still_there(master, name), ENDS)
    except DeadlineExceeded as late:
        return Found(f"{late.what}: {late.why}", is_final=True)
    return Found(seen=f"ran on {host.name} after {took:.0f} s, and ended with its file")


def _wait(host: Host, what: str, problem: Callable[[], str], timeout: float) -> None:
    host.wait(what, lambda: "" if host.is_stopping else problem(), timeout=timeout)


@contextmanager
def _file(host: Host, text: str) -> Iterator[None]:
    host.write([File(SMOKE_STATIC_POD, text, mode=0o600)])
    try:
        yield
    finally:
        remove_file(host)


def _seen(master: Peer) -> Moment:
    return moment(master.read(commands.get(KINDS, namespace=NAMESPACE)), asked=0.0, answered=0.0)


def _echo(master: Peer, node: str) -> Pod | None:
    return next((pod for pod in _seen(master).parts(ECHO) if pod.node == node), None)


def _is_hopeless(pod: Pod | None) -> bool:
    return pod is None or pull_fails(pod)


def _no_image(master: Peer, node: str) -> str:
    pod = _echo(master, node)
    is_known = pod is not None and (pod.is_ready or pull_fails(pod))
    return "" if is_known else f"no Pod of the smoke test runs on {node} yet"


def _not_ready(master: Peer, name: str) -> str:
    pod = _seen(master).pods.get(name)
    return "" if pod and pod.is_ready else pod.state if pod else "the API server does not know it yet"


def _still_there(master: Peer, name: str) -> str:
    pod = _seen(master).pods.get(name)
    return f"it is still {pod.state}" if pod else ""

"""A whole smoke test on fake hosts: it is removed however it ends, and what others have is left alone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from fake_cluster import FakeCluster
from fake_host import FakeConnection
from inventories import spec
from runs import Told, run
from smoke_states import container, listed, pod, service

from k8sboot.errors import DeadlineExceeded
from k8sboot.events import Checked, Event
from k8sboot.inventory.model import SmokeSettings
from k8sboot.paths import SMOKE, SMOKE_STATIC_POD
from k8sboot.phases.smoke import smoke_phases
from k8sboot.run.stop import Stop
from k8sboot.smoke import namespace, scene, side_by_side
from k8sboot.smoke.objects import MARK, NAMESPACE, OURS

ROWS = ("image", "static-pod", "logs", "token")


class Namespace:
    """The namespace of the smoke test in a fake cluster. image_fails: nodes that cannot pull the image."""

    def __init__(self, cluster: FakeCluster) -> None:
        self.cluster = cluster
        self.objects: dict[str, dict[str, Any]] = {}
        self.labels: dict[str, str] | None = None
        self.status: dict[str, Any] | None = None
        self.applied: list[str] = []
        self.image_fails: set[str] = set()
        self.status_after: dict[str, Any] | None = None
        """What holds the namespace after it is deleted, None for nothing."""
        self.stuck: list[dict[str, Any]] = []
        """Pods that are still there then."""
        self.on_look: Callable[[], object] = lambda: None
        first = cluster.hosts[cluster.spec.masters[0].name]
        looks = "kubectl get pods,services,endpointslices.discovery.k8s.io,events"
        first.answers |= {
            f"kubectl get namespace {NAMESPACE}": self._namespace,
            looks: self._listed,
            "kubectl get pods --output json": lambda *_: listed(*self.stuck),
            f"kubectl apply --filename {SMOKE}": self._apply,
            "kubectl delete daemonsets,pods": "",
            "kubectl delete pods": "",
            f"kubectl delete namespace {NAMESPACE}": self._delete,
            "smoke-kubectl": "",
        }
        for host in cluster.hosts.values():
            host.answers["smoke-links"] = "eth0 1500\n"

    def _namespace(self, _host: FakeConnection, _words: list[str]) -> str:
        if self.labels is None:
            return ""
        status = self.status or {"phase": "Active"}
        return json.dumps({"metadata": {"name": NAMESPACE, "labels": self.labels}, "status": status})

    def _apply(self, host: FakeConnection, _words: list[str]) -> str:
        for found in yaml.safe_load_all(host.text(SMOKE)):
            self.applied.append(f"{found['kind']}/{found['metadata']['name']}")
            if found["kind"] == "Namespace":
                self.labels = found["metadata"]["labels"]
            if found["kind"] == "DaemonSet":
                self.objects |= {f"echo-{name}": self._echo(name) for name in self.cluster.members}
        return ""

    def _echo(self, node: str) -> dict[str, Any]:
        if node in self.image_fails:
            state = container(waiting="ErrImagePull", message="manifest unknown")
            return pod(f"echo-{node}", state, part="echo", node=node, phase="Pending")
        return pod(f"echo-{node}", container(ready=True), part="echo", node=node, ready=True)

    def _listed(self, _host: FakeConnection, _words: list[str]) -> str:
        self.on_look()
        last = self.cluster.spec.hosts[-1].name
        is_static = SMOKE_STATIC_POD in self.cluster.hosts[last].files
        static = (
            [pod(f"static-{last}", container(), part="static", node=last, ready=True)] if is_static else []
        )
        return listed(*self.objects.values(), *static, service("echo"))

    def _delete(self, _host: FakeConnection, _words: list[str]) -> str:
        self.status, self.objects = self.status_after, {}
        self.labels = self.labels if self.status else None
        return ""


@pytest.fixture
def there(short_naps: None, finished: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> Namespace:
    """A finished cluster; waits are short."""
    monkeypatch.setattr(namespace, "GONE_WITHIN", 0.05)
    for module, name in ((scene, "PAUSE"), (side_by_side, "PAUSE"), (side_by_side, "TICK")):
        monkeypatch.setattr(module, name, 0.01)
    return Namespace(finished)


def tried(
    there: Namespace, *rows: str, listener: Callable[[Event], None] = lambda _e: None, **how: Any
) -> Told:
    return run(there.cluster, smoke_phases(rows), listener=listener, **how)


def outcomes(told: Told) -> dict[str, str]:
    return {e.row: e.outcome for e in told.events if isinstance(e, Checked)}


def nothing_is_left(there: Namespace) -> bool:
    files = [path for host in there.cluster.hosts.values() for path in host.files]
    return (
        there.labels is None
        and SMOKE not in files
        and SMOKE_STATIC_POD not in files
        and not there.cluster.tokens
    )


def test_rows_pass_and_nothing_is_left(there):
    told = tried(there, *ROWS)
    assert told.report.errors == {}
    assert outcomes(told) == dict.fromkeys(ROWS, "passed")
    assert there.applied == [f"Namespace/{NAMESPACE}", "DaemonSet/echo", "Service/echo"]
    assert nothing_is_left(there)
    assert "write /etc/kubernetes/manifests/k8sboot-smoke.yaml" in told.changes["n2"]
    assert "remove the static Pod" in told.changes["n2"]


@pytest.mark.parametrize(
    ("repository", "image"),
    [
        ("registry.k8s.io", "registry.k8s.io/e2e-test-images/agnhost:2.66.1"),
        ("registry.lan:5000/k8s", "registry.lan:5000/k8s/agnhost:2.66.1"),
    ],
)
def test_the_image_is_where_the_registry_keeps_it(repository, image):
    """A mirror keeps all images in one place, as kubeadm has it."""
    wanted = replace(spec().cluster, image_repository=repository)
    assert namespace.image_of(spec(cluster=wanted)) == image
    own = SmokeSettings(image="registry.lan/agnhost:2.40")
    assert namespace.image_of(spec(cluster=wanted, smoke=own)) == "registry.lan/agnhost:2.40"


def test_only_the_rows_that_are_named_are_tried(there):
    assert set(outcomes(tried(there, "logs"))) == {"logs"}


def test_an_image_that_cannot_be_pulled_is_a_failure_with_its_cause_and_skips_the_rows_that_need_it(
    there, monkeypatch
):
    monkeypatch.setattr("k8sboot.smoke.on_pods.PATIENCE", 0.0)
    there.image_fails = {"m1", "n1", "n2"}
    told = tried(there, "image", "logs", "token")
    assert outcomes(told) == {"image": "failed", "logs": "skipped", "token": "passed"}
    failed = next(e for e in told.events if isinstance(e, Checked) and e.row == "image")
    assert failed.code == "KB-SMOKE-IMAGE"
    assert "the registry does not have it" in failed.why
    assert "smoke.image" in failed.fix
    assert told.errors == {"m1": "KB-SMOKE"}
    assert nothing_is_left(there)


def test_a_failed_row_is_an_error_and_the_others_are_tried(there, monkeypatch):
    hasty = SimpleNamespace(monotonic=lambda: time.monotonic() * 300, sleep=time.sleep)
    monkeypatch.setattr(side_by_side, "time", hasty)  # its minute is over soon
    there.cluster.hosts["m1"].answers["smoke-kubectl"] = "n1: Error: no\n"
    told = tried(there, "logs", "token", listener=lambda _e: None)
    assert outcomes(told)["token"] == "passed"
    assert told.errors == {"m1": "KB-SMOKE"}
    assert "logs failed: n1: Error: no" in told.report.errors["m1"].why
    assert nothing_is_left(there)


def test_a_token_that_kubeadm_does_not_make_is_a_failure_at_once(there):
    def late(*_said):
        raise DeadlineExceeded(
            "a command did not finish within 60 s", why="it was stopped", fix="x", host="m1"
        )

    there.cluster.hosts["m1"].answers["kubeadm token create"] = late
    told = tried(there, "token")
    assert outcomes(told) == {"token": "failed"}
    assert "repeats what the API server refuses" in told.report.errors["m1"].why
    assert nothing_is_left(there)


def test_hosts_without_a_cluster_are_refused_before_anything_is_tried():
    told = run(FakeCluster(spec(masters=1, nodes=1)), smoke_phases())
    assert told.errors["m1"] == "KB-NO-CLUSTER"
    assert set(told.errors) == {"m1"}
    assert told.changes == {}


def test_what_a_killed_test_has_left_is_removed_first(there):
    there.labels = {MARK: OURS}
    there.cluster.hosts["n1"].put(SMOKE_STATIC_POD, "kind: Pod\n")
    told = tried(there, "token")
    assert told.changes["m1"][0] == "remove the namespace of the smoke test"
    assert told.changes["n1"] == ["remove the static Pod"]
    assert outcomes(told) == {"token": "passed"}
    assert nothing_is_left(there)


def test_a_namespace_of_others_is_refused_and_stays(there):
    there.labels = {"team": "x"}
    told = tried(there, "token")
    assert told.errors == {"m1": "KB-SMOKE-NAMESPACE"}
    assert there.labels == {"team": "x"}
    assert there.applied == []


def test_a_namespace_that_something_holds_is_an_error_that_says_what(there):
    held = {
        "phase": "Terminating",
        "conditions": [{"status": "True", "message": "metrics.k8s.io/v1beta1: stale"}],
    }
    there.status_after = held
    told = tried(there, "token")
    assert told.errors == {"m1": "KB-SMOKE-LEFT"}
    error = told.report.errors["m1"]
    assert "metrics.k8s.io/v1beta1: stale" in error.why
    assert "kubectl get apiservices" in error.fix
    by_force = "remove Pods of the smoke test whose node does not answer"
    assert by_force not in told.changes["m1"]
    there.stuck = [pod("echo-n1")]
    assert by_force in tried(there, "token").changes["m1"]


def test_pods_that_ended_as_the_time_ran_out_leave_the_namespace_time_to_go(there):
    there.status_after = {"phase": "Terminating", "conditions": [{"status": "True", "message": "5 pods"}]}

    def last_pod_ends(*_: object) -> str:
        there.status = there.labels = None
        return listed()

    there.cluster.hosts["m1"].answers["kubectl get pods --output json"] = last_pod_ends
    assert tried(there, "token").errors == {}
    assert nothing_is_left(there)


def test_an_interrupted_test_removes_everything(there):
    stop = Stop()
    there.image_fails = {"n1"}
    there.on_look = lambda: there.applied[2:] and stop.ask("^C", within=float("inf"))
    told = tried(there, stop=stop)
    assert told.errors["m1"] == "KB-INTERRUPTED"
    assert outcomes(told) == {}
    assert nothing_is_left(there)
    assert there.applied, "it had begun"

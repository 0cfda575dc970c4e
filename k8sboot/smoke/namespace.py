"""The namespace of a smoke test: it and all that is in it are removed, however the test ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from k8sboot.cluster import Cluster
from k8sboot.errors import DeadlineExceeded, Refused, StepFailed
from k8sboot.host.host import Host
from k8sboot.host.peer import Command, Peer
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes import commands, parsers, tokens
from k8sboot.kubernetes.answers import mappings_at, read_items, read_object, text_at
from k8sboot.kubernetes.paths import ADMIN_CONF
from k8sboot.kubernetes.registries import in_folder
from k8sboot.paths import SMOKE
from k8sboot.secret import Secret
from k8sboot.smoke import objects
from k8sboot.smoke.objects import MARK, NAMESPACE, OURS, TOKEN
from k8sboot.smoke.scene import Scene, Watch

GONE_WITHIN = 60
"""Seconds for Kubernetes to remove a namespace with its Pods; as long again when those that hang have been removed, or
the last has just ended."""


def refuse_without_cluster(host: Host) -> None:
    """Refused if the first master belongs to no cluster."""
    if host.file(ADMIN_CONF) is None:
        raise Refused(
            "there is no cluster to try",
            why=f"the first master has no {ADMIN_CONF}",
            fix="run `k8sboot up` to create the cluster, then run again",
            host=host.name,
            code="KB-NO-CLUSTER",
        )


@contextmanager
def trial(cluster: Cluster, host: Host) -> Iterator[Scene]:
    """The namespace, watched for the length of the block. What an earlier test has left is removed first."""
    remove_leftovers(host)
    nodes = parsers.nodes(host.read(commands.get_fields("nodes", parsers.NODES)))
    apply(host, "create the namespace of the smoke test", objects.namespace())
    try:
        with Watch(host) as watch:
            addresses = {node.name: node.internal_ip for node in nodes}
            yield Scene(cluster, host, image_of(cluster.spec), watch, addresses)
    finally:
        remove(host)


def image_of(spec: Spec) -> str:
    """The image of the test's Pods: the inventory's, or agnhost of the cluster's registry."""
    place = in_folder(spec.cluster.image_repository, objects.FOLDER)
    return spec.smoke.image or f"{place}/{objects.AGNHOST}"


def apply(host: Host, what: str, manifest: str) -> None:
    """Create objects, from a file that is there only meanwhile."""
    host.change(what, commands.apply(SMOKE), secrets={SMOKE: Secret(manifest)}, timeout=120)


def remove_leftovers(host: Host) -> None:
    """Remove the namespace and the tokens of a test that was killed. Refused if the namespace is not k8sboot's."""
    found = _found(host)
    if found is not None:
        if text_at(found, "metadata", "labels", MARK) != OURS:
            raise Refused(
                f"the namespace {NAMESPACE} exists, and k8sboot did not make it",
                why=f"it has no label {MARK}={OURS}",
                fix=f"rename it, or remove it with `kubectl delete namespace {NAMESPACE}`, then run again",
                host=host.name,
                code="KB-SMOKE-NAMESPACE",
            )
        remove(host)
    known = tokens.bootstrap_tokens(host.read(commands.token_secrets()))
    for left in (each.id for each in known if each.description == TOKEN):
        host.change(f"revoke {left}", commands.token_delete(left))


def remove(host: Host) -> None:
    """Remove the namespace, and wait until it is gone; StepFailed if something holds it."""
    what = "remove the namespace of the smoke test"
    workloads = _delete("daemonsets,pods", "--all", "--namespace", NAMESPACE, "--grace-period=1")
    host.change(what, workloads, _delete("namespace", NAMESPACE))
    try:
        _wait_until_gone(host)
    except DeadlineExceeded:
        if read_items(host.read(commands.get("pods", namespace=NAMESPACE)), asked="its Pods"):
            stuck = _delete("pods", "--all", "--namespace", NAMESPACE, "--grace-period=0", "--force")
            host.change("remove Pods of the smoke test whose node does not answer", stuck)
        _wait_until_gone_at_last(host)


def _delete(*words: str) -> Command:
    return commands.kubectl("delete", *words, "--ignore-not-found", "--wait=false")


def _wait_until_gone(host: Host) -> None:
    host.wait(f"the namespace {NAMESPACE} to be gone", lambda: _still_there(host), timeout=GONE_WITHIN)


def _wait_until_gone_at_last(host: Host) -> None:
    try:
        _wait_until_gone(host)
    except DeadlineExceeded as late:
        raise _left(host, late) from late


def _left(host: Host, late: DeadlineExceeded) -> StepFailed:
    return StepFailed(
        f"the namespace {NAMESPACE} of the smoke test is not gone in time",
        why=late.why,
        fix="run `kubectl get apiservices`: while one of them is not available, Kubernetes removes no namespace; "
        "the next `k8sboot smoke` removes the rest",
        host=host.name,
        code="KB-SMOKE-LEFT",
    )


def _still_there(host: Peer) -> str:
    found = _found(host)
    if found is None:
        return ""
    conditions = mappings_at(found, "status", "conditions")
    said = [text_at(each, "message") for each in conditions if text_at(each, "status") == "True"]
    return ": ".join([f"it is {text_at(found, 'status', 'phase')}", *(["; ".join(said)] if said else [])])


def _found(host: Peer) -> dict[str, object] | None:
    """The namespace, None if there is none."""
    said = host.read((*commands.get("namespace", NAMESPACE), "--ignore-not-found"))
    return read_object(said, asked="the namespace") if said.strip() else None


def exists(host: Peer) -> bool:
    """Whether it is there and stays."""
    found = _found(host)
    return found is not None and text_at(found, "status", "phase") == "Active"

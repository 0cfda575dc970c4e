"""Objects in the cluster, through kubectl on the first master."""

from __future__ import annotations

from k8sboot.ensure.files import files
from k8sboot.ensure.mounts import NOTHING_MOUNTED, unmounted
from k8sboot.errors import CommandFailed
from k8sboot.host.files import File
from k8sboot.host.host import Host
from k8sboot.host.peer import Command, NotYet, Peer
from k8sboot.host.reads import Reads
from k8sboot.kubernetes import commands, parsers
from k8sboot.kubernetes.answers import is_away
from k8sboot.kubernetes.running import RunningCluster
from k8sboot.kubernetes.running import running_cluster as parse
from k8sboot.membership.errors import remains
from k8sboot.membership.reading import membership_of
from k8sboot.paths import MANIFESTS_DIR, UNFINISHED
from k8sboot.runtime.contract import Runtime
from k8sboot.secret import Secret
from k8sboot.text.sanitize import safe_line

API_ATTEMPTS = 3
NAMED = 3
"""Unready Pods that are named, each with its last event."""
EVENT_LENGTH = 200
LARGEST_OBJECT = 250_000
"""Characters. kubectl puts a copy of each object into its annotations, which hold 262144 bytes."""
API_TIMEOUT = 180
"""Seconds for an unavailable API server to become ready: kubelet gives a new one as long before it kills it."""


def apiserver_answers(host: Peer) -> str:
    """Why the API server of this master is not ready, '' if it is."""
    return host.ask(commands.api_ready(), timeout=30).problem


def apiserver_is_not_ready(host: Peer) -> str:
    """The same, asked once while nothing changes."""
    return host.ask_once(commands.api_ready(), timeout=30).problem


def endpoint_problem(host: Peer, endpoint: str) -> str:
    """Why a connection from this host to the API's endpoint fails, in the words of Go's net package; '' if it is made.

    Without bash there is no way to tell.
    """
    name, _, port = endpoint.rpartition(":")
    done = host.ask(("timeout", "5", "bash", "-c", 'exec 3<>"/dev/tcp/$0/$1"', name.strip("[]"), port))
    if done.exit_status in (0, 127):
        return ""
    words = "i/o timeout" if done.exit_status == 124 else done.problem.rpartition(": ")[2].lower()
    return f"https://{endpoint}/: dial tcp: {words}"


def api_says(host: Host, question: Command, *, at: Peer | None = None, timeout: float = 60) -> str:
    """The output of a kubectl command that only reads, run once while nothing changes.

    A temporarily unavailable API server is waited for. at: the master that is queried, while this host waits. Raises
    CommandFailed, or DeadlineExceeded of the wait.
    """
    master = at or host
    for _ in range(API_ATTEMPTS - 1):
        try:
            return master.read_once(question, timeout=timeout)
        except CommandFailed as error:
            if not is_away(error.output):
                raise
        host.wait("the API server to be ready", lambda: apiserver_answers(master), timeout=API_TIMEOUT)
    return master.read_once(question, timeout=timeout)


def running_cluster(host: Host, *, at: Peer | None = None) -> RunningCluster:
    """How the cluster is set up, read once for all phases while nothing changes. at: as in api_says."""
    master = at or host
    return running_cluster_now(master) or parse(api_says(host, commands.running_cluster(), at=at))


def running_cluster_now(master: Peer) -> RunningCluster | None:
    """The same without waiting for an API server; None if it does not answer."""
    done = master.ask_once(commands.running_cluster())
    return parse(done.text) if done.exit_status == 0 else None


def manifest_path(name: str) -> str:
    """The path of a manifest on the first master."""
    return f"{MANIFESTS_DIR}/{name}.yaml"


def manifest_reads(name: str) -> Reads:
    """What manifest() reads on the first master."""
    path = manifest_path(name)
    return Reads(files=(path,), cluster=(commands.diff(path),))


def workloads_of(namespace: str) -> commands.Words:
    """The command that unsettled() runs."""
    return commands.get_fields("daemonsets,deployments,pods", parsers.WORKLOADS, namespace=namespace)


def settled(host: Host, namespace: str, *, timeout: int) -> None:
    """Wait until every DaemonSet and Deployment of the namespace has its Pods, all updated, and every Pod is ready."""
    host.wait(f"the Pods of {namespace} to be ready", lambda: unsettled(host, namespace), timeout=timeout)


def unsettled(host: Peer, namespace: str) -> str:
    """The workloads of the namespace that are not ready, and their Pods, each with its last event; '' if all are."""
    said = host.read_once(workloads_of(namespace))
    found = parsers.workloads(said)
    short = [f"{w.kind.lower()}/{w.name}: {w.ready} of {w.wanted} ready" for w in found if not w.is_settled]
    unready = [pod for pod in parsers.pods(said) if not pod.is_ready]
    more = [f"and {len(unready) - NAMED} more Pods"] if len(unready) > NAMED else []
    named = [_trouble(host, pod) for pod in unready[:NAMED]]
    return "; ".join([*short, *named, *more]) if found else "there are no workloads"


def _trouble(host: Peer, pod: parsers.Pod) -> str:
    """An unready Pod, its state and its last event."""
    said = host.ask(commands.last_event(pod.name, namespace=pod.namespace), timeout=30)
    event = safe_line(said.text)[:EVENT_LENGTH] if said.exit_status == 0 else ""
    return f"{pod.name} on {pod.node or 'no node'}: {pod.reason}{f' ({event})' if event else ''}"


def reset_unfinished(host: Host, engine: Runtime, reset: Command) -> bool:
    """Undo an earlier kubeadm run that did not finish: only what it made itself. Refused where there is more."""
    found = membership_of(host)
    if found.has_void_mark:
        host.change("remove the mark of a kubeadm run on a member", ["rm", "-f", UNFINISHED])
    elif found.remains:
        raise remains(host.name, found.remains)
    elif found.is_unfinished:
        host.notice("KB-UNFINISHED", "an earlier kubeadm run did not finish: undoing it first")
        unmounted(host, engine)
        steps = NOTHING_MOUNTED, reset, ["rm", "-f", UNFINISHED]
        host.change("undo an unfinished kubeadm", *steps, timeout=300, job=True)
    return found.is_unfinished


def manifest(host: Host, name: str, content: str | Secret, *, restarts: tuple[Command, ...] = ()) -> None:
    """Apply a manifest's objects unless the cluster has them; the API server compares (kubectl diff).

    A file that differs from the manifest is written, and applied without a comparison. restarts: commands that follow,
    for Pods that read what is applied only when they start. By the API server where an object is too large for kubectl.
    """
    text = content.reveal() if isinstance(content, Secret) else content
    by_server = any(len(part) > LARGEST_OBJECT for part in text.split("\n---\n"))
    path = manifest_path(name)
    wanted = File(path, content, mode=0o600)
    is_written = wanted.is_met_by(host.file(path))
    files(host, wanted)
    diff = commands.diff_by_server(path) if by_server else commands.diff(path)
    apply = commands.apply_by_server(path) if by_server else commands.apply(path)
    if not is_written or _differs(host, diff):
        host.change(f"apply {name}", apply, *restarts, timeout=180)


def _differs(host: Host, question: Command) -> bool:
    """kubectl diff exits with 0 for equal, 1 for different, more for an error, as for an object of an unknown kind.

    In a dry run that plans to create the cluster, everything differs.
    """
    try:
        host.relies_on("kubeadm-init")
        api_says(host, question, timeout=120)
    except (NotYet, CommandFailed):
        return True
    return False

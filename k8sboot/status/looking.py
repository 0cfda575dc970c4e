"""Look at all hosts side by side. The first master whose API server is ready tells of the cluster, for all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from k8sboot import runtime
from k8sboot.errors import Bug, ConnectError, DeadlineExceeded, K8sbootError, Refused
from k8sboot.host.lease import holder
from k8sboot.host.machine import Machine
from k8sboot.host.peer import Peer
from k8sboot.inventory.hosts import HostSpec
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.certificates import ends
from k8sboot.kubernetes.etcd import Member, members
from k8sboot.kubernetes.etcd_metrics import member_state
from k8sboot.kubernetes.last_events import events, last_events
from k8sboot.kubernetes.overview import Overview, overview
from k8sboot.membership.reading import membership_of
from k8sboot.membership.verdicts import Seen as Membership
from k8sboot.membership.verdicts import Verdicts
from k8sboot.phases.kube_proxy import MODE
from k8sboot.run import expiry
from k8sboot.run.connecting import Connect
from k8sboot.status.questions import API_READY, ETCD, KUBELET, Part, of_cluster, parts, reads
from k8sboot.status.seen import ClusterSeen, HostSeen, Seen

LAST_TIME = 2**32
"""Seconds since the epoch: in the year 2106."""
TIMEOUT = 30
"""Seconds for one look. Commands on hosts have shorter ones of their own."""


class Looker:
    """Looks as often as it is asked to, on one connection for each host; one that was lost is made again."""

    def __init__(
        self, spec: Spec, connect: Connect, *, limit: frozenset[str] | None = None, timeout: float = TIMEOUT
    ) -> None:
        """limit: the hosts to look at; masters are asked in any case, as they tell of the cluster.

        timeout: seconds for one look; hosts that take longer count as not responding.
        """
        self.spec = spec
        self._connect = connect
        self._timeout = timeout
        self._hosts = tuple(h for h in spec.hosts if limit is None or h.name in limit or h.role == "master")
        self._limit = limit
        self._machines: dict[str, Machine] = {}
        self._notes: list[str] = []

    def look(self) -> Seen:
        """What there is to see, within the timeout."""
        started, at = time.monotonic(), time.time()
        look = _Look(self.spec)
        threads = {h.name: self._thread(look, h) for h in self._hosts}
        for thread in threads.values():
            thread.join(max(0.0, started + self._timeout - time.monotonic()))
        late = {name for name, thread in threads.items() if thread.is_alive()}
        for name in late & self._machines.keys():
            threading.Thread(target=self._machines.pop(name).close, daemon=True).start()
        hosts = tuple(self._late(h) if h.name in late else look.hosts[h.name] for h in self._hosts)
        return Seen(
            hosts=_judged(self.spec, hosts),
            cluster=look.cluster,
            unasked=tuple(h.name for h in self.spec.hosts if h not in self._hosts),
            limit=self._limit,
            refusals=dict(look.refusals),
            at=at,
            took=time.monotonic() - started,
        )

    def notes(self) -> list[str]:
        """What the connections had to say since the last call."""
        found, self._notes = self._notes, []
        return found

    def close(self) -> None:
        """Close the connections."""
        while self._machines:
            self._machines.popitem()[1].close()

    def _thread(self, look: _Look, host: HostSpec) -> threading.Thread:
        thread = threading.Thread(target=self._look_at, args=(look, host), name=host.name, daemon=True)
        thread.start()
        return thread

    def _look_at(self, look: _Look, host: HostSpec) -> None:
        try:
            machine = self._machine(host)
            look.at(host, machine)
        except ConnectError as error:
            self._machines.pop(host.name, None)
            look.hosts[host.name] = HostSeen(host, error=error)
        except K8sbootError as error:
            look.hosts[host.name] = HostSeen(host, error=error)
        except Exception as error:  # a bug must not drop a host silently
            look.hosts[host.name] = HostSeen(host, error=Bug.of(error))

    def _machine(self, host: HostSpec) -> Machine:
        """The host's connection, which is kept for the next look."""
        machine = self._machines.get(host.name)
        if machine is None:
            connection = self._connect(host, self._note(host.name))
            machine = Machine(host.name, host.address, host.role, connection, reads(self.spec, host))
            self._machines[host.name] = machine
        machine.forget()
        return machine

    def _note(self, name: str) -> Callable[[str], None]:
        return lambda line: self._notes.append(f"{name}: {line}")

    def _late(self, host: HostSpec) -> HostSeen:
        error = DeadlineExceeded(
            f"not responding within {self._timeout:.0f} s",
            why="it did not log k8sboot in, or answer its questions, in that time",
            fix=f"check that {host.name} is not overloaded, and its disks and its network; or raise --timeout",
            host=host.name,
        )
        return HostSeen(host, error=error)


class _Look:
    """One look: what the threads of the hosts have found so far."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._asking = threading.Lock()
        self.hosts: dict[str, HostSeen] = {}
        self.cluster: ClusterSeen | None = None
        self.refusals: dict[str, str] = {}

    def at(self, host: HostSpec, machine: Machine) -> None:
        """Look at one host, and if it is the first master that can tell of the cluster, ask it."""
        peer = Peer(machine)
        seen = _host_seen(self._spec, host, machine)
        if seen.api == "" and seen.is_member:
            with self._asking:
                if self.cluster is None:
                    self._ask(peer, seen)
        self.hosts[host.name] = seen

    def _ask(self, master: Peer, seen: HostSeen) -> None:
        """Ask this master for the whole cluster. Others wait meanwhile, to be asked if it does not answer."""
        node = seen.membership.membership.node_name if seen.membership else ""
        said, now = parts(master.ask(of_cluster(node or master.name), timeout=30).text)
        part = said.get("overview", Part(255, "no answer"))
        if part.exit_status != 0:
            self.refusals[master.name] = last_line(part.text)
            return
        found = overview(part.text)
        self.cluster = ClusterSeen(
            by=master.name,
            overview=found,
            members=_members(said.get("members")),
            events=_events(master, found),
            now=plausible(now),
        )


def _host_seen(spec: Spec, host: HostSpec, machine: Machine) -> HostSeen:
    """All that one host says of itself, from its one probe."""
    peer, facts = Peer(machine), machine.snapshot.host_facts
    unit = runtime.of(spec).unit
    is_master = host.role == "master"
    api, etcd = (machine.answer(q) if is_master else None for q in (API_READY, ETCD))
    return HostSeen(
        host,
        expired=_expired(machine, spec),
        membership=Membership(membership_of(peer), facts.addresses),
        kubelet=peer.unit(KUBELET),
        runtime=peer.unit(unit),
        runtime_unit=unit,
        proxy_mode=_word(peer.answer(MODE).text),
        certificates=ends(machine.answer(expiry.CERTIFICATES).text),
        jobs=facts.jobs,
        holder=holder(machine.snapshot.facts.get("lock", "")),
        api=None if api is None or not api.text else "" if api.text.strip() == "ok" else api.text,
        etcd=member_state(etcd.text) if etcd else None,
        now=plausible(facts.time),
    )


def plausible(seconds: int) -> float:
    """A host's time; the one here where that is no date of these decades."""
    return seconds if 0 < seconds < LAST_TIME else time.time()


def _word(text: str) -> str:
    """kube-proxy's mode; anything that is not a short word is none."""
    word = text.strip()
    return word if word.isascii() and word.isalnum() and len(word) <= 20 else ""


def _expired(machine: Machine, spec: Spec) -> K8sbootError | None:
    try:
        expiry.refuse_expired(machine, spec)
    except Refused as error:
        return error
    return None


def _judged(spec: Spec, hosts: tuple[HostSeen, ...]) -> tuple[HostSeen, ...]:
    """The hosts, with an error for those that are not the inventory's."""
    seen = {host.name: host.membership for host in hosts if host.membership}
    problems = Verdicts(spec, seen).problems(has_to_build=True)
    return tuple(replace(h, error=h.error or problems.get(h.name)) for h in hosts)


def _members(said: Part | None) -> tuple[Member, ...] | None:
    if said is None or said.exit_status != 0:
        return None
    try:
        return members(said.text[said.text.find("{") :])
    except K8sbootError:
        return None


def _events(master: Peer, found: Overview) -> Mapping[str, str]:
    """The last event of each Pod that is not ready, and of each workload that is short of Pods."""
    unready = {("Pod", each.pod.name) for each in found.pods if not each.pod.is_ready}
    short = {(w.workload.kind, w.workload.name) for w in found.workloads if not w.workload.is_settled}
    if not unready | short:
        return {}
    said = master.ask(events("kube-system"), timeout=30)
    known = last_events(said.text) if said.exit_status == 0 else {}
    return {f"{kind}/{name}": known[kind, name] for kind, name in unready | short if (kind, name) in known}


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""

"""Connect to a run's hosts and probe each once; later, wait for jobs of an earlier run there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from k8sboot.errors import Bug, ConnectionLost, K8sbootError
from k8sboot.events import Connected, Failed, Listener, Notice
from k8sboot.host.host import Context, Host
from k8sboot.host.lease import Claim
from k8sboot.host.machine import Machine
from k8sboot.host.node_address import MEMBERS_ADDRESS, found_on
from k8sboot.host.reads import Reads
from k8sboot.host.retry import retry_read
from k8sboot.inventory.hosts import HostSpec
from k8sboot.run.leases import refuse_held
from k8sboot.ssh.connection import Connection

CONNECT = "connect"
CONNECTING = Reads(questions=(MEMBERS_ADDRESS,))
"""What every run reads of a host, whatever its phases."""
JOB_WAIT = 3600
Connect = Callable[[HostSpec, Callable[[str], None]], Connection]
"""Opens a connection to a host; the second argument takes lines for the user."""


class Connections:
    """The connected machines and the errors of the others, by name. Each host is connected in its own thread.

    busy: hosts on which a job of an earlier run was running when they were connected.
    """

    def __init__(
        self,
        connect: Connect,
        tell: Listener,
        *,
        first_master: HostSpec,
        claim: Claim | None,
        is_dry: bool,
        check: Callable[[Machine], None] = lambda _machine: None,
    ) -> None:
        """first_master: hosts look for their own address on the route to it, if they need to.

        claim: the run's identity in the locks of the hosts, None for a run that changes nothing. check: raises an
        error for a host that the run must not go on with.
        """
        self._first_master = first_master
        self.machines: dict[str, Machine] = {}
        self.busy: set[str] = set()
        self.errors: dict[str, K8sbootError] = {}
        self._connect = connect
        self._connections: list[Connection] = []
        self._tell = tell
        self._claim = claim
        self._is_dry = is_dry
        self._check = check

    def connect(self, host: HostSpec, reads: Reads) -> None:
        """Connect to one host, and probe it. Errors go to `errors`."""
        try:
            machine = self._probed(host, reads)
            machine.claim = self._claim
            refuse_held(machine)
            self._check(machine)
            self._look_for_jobs(machine)
            self.machines[host.name] = machine
        except K8sbootError as error:
            self._fail(host.name, error)
        except Exception as error:  # a bug must not drop a host silently
            self._fail(host.name, Bug.of(error))

    def wait_for_jobs(self, name: str) -> None:
        """Wait for jobs of an earlier run on one host before anything begins. Errors go to `errors`."""
        try:
            self.let_jobs_end(name)
        except K8sbootError as error:
            self.refuse({name: error}, phase=CONNECT)

    def let_jobs_end(self, name: str, is_over: Callable[[], object] = lambda: False) -> None:
        """Wait for jobs of an earlier run on one host, until is_over(). Raises DeadlineExceeded."""
        if name not in self.busy:
            return
        machine = self.machines[name]
        host = Host(machine, Context(phase=CONNECT, emit=self._tell, run=tuple(self.machines.values())))
        host.wait(
            "a job of an earlier run to end",
            lambda: "" if is_over() else _running_jobs(machine),
            timeout=JOB_WAIT,
        )
        self.busy.discard(name)

    def acquire(self, name: str) -> None:
        """Lock the first master, which stands for the cluster; other hosts are locked at their first change."""
        try:
            if name in self.machines:
                self.machines[name].acquire()
        except K8sbootError as error:
            self._fail(name, error)

    def refuse(self, errors: Mapping[str, K8sbootError], *, phase: str) -> None:
        """Leave out hosts that were connected. phase: where that was found."""
        for name, error in errors.items():
            self._fail(name, error, phase=phase)
            self.machines.pop(name, None)

    def close(self) -> None:
        """Close all connections, including those of hosts that failed."""
        for connection in tuple(self._connections):
            connection.close()

    def _probed(self, host: HostSpec, reads: Reads) -> Machine:
        note = partial(self._note, host.name)
        connection = retry_read(lambda: self._connect(host, note), causes=(ConnectionLost,), notice=note)
        self._connections.append(connection)
        machine = Machine(host.name, host.address, host.role, connection, reads, note=note)
        facts = machine.snapshot.host_facts
        machine.node = found_on(host, self._first_master, facts, lambda q: machine.answer(q).text)
        self._tell(Connected(host=host.name, phase=CONNECT, system=facts.os_name, kernel=facts.kernel))
        return machine

    def _look_for_jobs(self, machine: Machine) -> None:
        if not _running_jobs(machine):
            return
        if self._is_dry:
            text = "another run is active on this host: the plan may soon be out of date"
            self._tell(Notice(host=machine.name, phase=CONNECT, code="KB-BUSY", text=text))
        else:
            self.busy.add(machine.name)

    def _fail(self, name: str, error: K8sbootError, *, phase: str = CONNECT) -> None:
        error.host = error.host or name
        self.errors[name] = error
        self._tell(Failed(host=name, phase=phase, error=error))

    def _note(self, name: str, line: str) -> None:
        self._tell(Notice(host=name, phase=CONNECT, code="KB-SSH-NOTE", text=line))


def _running_jobs(machine: Machine) -> str:
    """The jobs of an earlier run that are still running, '' for none."""
    jobs = machine.snapshot.host_facts.jobs
    return f"still running: {', '.join(jobs)}" if jobs else ""

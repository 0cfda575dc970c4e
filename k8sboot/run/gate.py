"""Before the first phase: every host that answered must be the inventory's, or none of them is changed."""

from __future__ import annotations

from collections.abc import Mapping

from k8sboot.errors import Bug, K8sbootError, Refused
from k8sboot.events import Listener, Notice
from k8sboot.host.machine import Machine
from k8sboot.host.peer import Peer
from k8sboot.inventory.model import Spec
from k8sboot.membership.reading import membership_of
from k8sboot.membership.verdicts import Seen, Verdicts

PHASE = "membership"
"""The phase name under which its errors are reported."""


class Gate:
    """Compares the hosts with the inventory. errors: by host; one of `stops` ends the run.

    limit: the hosts of the run, where it is for the machines of a foreign cluster.
    """

    def __init__(
        self,
        spec: Spec,
        tell: Listener,
        *,
        limit: frozenset[str] | None,
        foreign: str,
        removes: bool,
        is_dry: bool,
    ) -> None:
        """foreign: the CA of the cluster whose machines are reset. removes: the run takes Kubernetes away."""
        self._spec = spec
        self._tell = tell
        self._foreign = foreign
        self._removes = removes
        self._is_dry = is_dry
        self.limit = limit
        self._seen: dict[str, Seen] = {}
        self.unread: dict[str, K8sbootError] = {}
        self.stops: dict[str, K8sbootError] = {}

    @property
    def errors(self) -> dict[str, K8sbootError]:
        """All of them."""
        return {**self.unread, **self.stops}

    def look(self, machines: Mapping[str, Machine]) -> None:
        """Judge all machines that are connected."""
        seen = self._seen
        for name, machine in machines.items():
            try:
                seen[name] = _seen(machine)
            except K8sbootError as error:
                self.unread[name] = error
            except Exception as error:  # a bug must not let a machine pass
                self.unread[name] = Bug.of(error)
        try:
            self._judge(Verdicts(self._spec, seen), seen)
        except Exception as error:
            self.stops[self._spec.masters[0].name] = Bug.of(error)

    def look_again(self, machine: Machine) -> None:
        """Judge a machine once more, when a job of an earlier run has ended on it. Raises its error."""
        name = machine.name
        verdicts = Verdicts(self._spec, {**self._seen, name: _seen(machine)})
        if not self._foreign:
            if problem := verdicts.problems(has_to_build=not self._removes).get(name):
                raise problem
        elif name not in verdicts.of_cluster(self._foreign):
            raise Refused(
                "the machine no longer belongs to that cluster",
                why=f"when the job ended, it did not trust the CA {self._foreign}",
                fix="run `k8sboot plan` and compare; nothing was changed there",
                host=name,
                code="KB-FOREIGN-CLUSTER",
            )

    def _judge(self, verdicts: Verdicts, seen: Mapping[str, Seen]) -> None:
        if self._foreign:
            self._narrow(verdicts, seen)
            return
        self.stops = verdicts.problems(has_to_build=not self._removes)
        if self._is_dry and not self.stops and verdicts.unmarked and not self._removes:
            self._tell_adopted(verdicts)

    def _narrow(self, verdicts: Verdicts, seen: Mapping[str, Seen]) -> None:
        """Restrict the run to the machines of the foreign cluster."""
        chosen = self.limit or frozenset(seen)
        self.limit = verdicts.of_cluster(self._foreign) & chosen
        if not self.limit and seen:
            name = next(iter(seen))
            self.stops[name] = Refused(
                "no machine of that cluster is among the hosts",
                why=f"none of them trusts the CA {self._foreign}",
                fix="`k8sboot plan` shows the CA of a machine that belongs to another cluster; nothing was changed",
                host=name,
                code="KB-FOREIGN-CLUSTER",
            )

    def _tell_adopted(self, verdicts: Verdicts) -> None:
        self._tell(
            Notice(
                host=verdicts.unmarked[0],
                phase=PHASE,
                code="KB-ADOPTED",
                text=f"the cluster with the CA {verdicts.identity} is adopted as the inventory's: its name, networks, "
                "endpoint and members match",
            )
        )


def _seen(machine: Machine) -> Seen:
    peer = Peer(machine)
    return Seen(membership_of(peer), peer.facts.addresses)

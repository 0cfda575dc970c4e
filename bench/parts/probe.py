"""What the probe costs a host: processor time, processes and bytes, over a login that runs one empty command.

`k8sboot plan` asks an own host everything that all phases declare; preflight then refuses the host, which has no
systemd, so that nothing else is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from bench.host_meter import Meter, spent_by
from bench.inventories import Login, of_own_hosts
from bench.links import Relay, relays, traffic
from bench.own_hosts import OwnHost, OwnHosts, own_hosts
from bench.part import Part
from bench.places import K8SBOOT
from bench.raw import Raw
from bench.rivals.environments import BARE_PARAMIKO, programs
from bench.sizes import Sizes
from bench.spending import spend
from bench.turns import in_turn

PLAN = "plan"
BARE = "paramiko, one empty exec"
REPEATS = 4
"""Runs in each turn: processor time is counted in hundredths of a second."""


def measure(raw: Raw, sizes: Sizes) -> None:
    """Of a node; the first master beside it is asked more."""
    rival = [str(programs("paramiko") / "python"), str(BARE_PARAMIKO)]
    with (
        own_hosts(2) as own,
        relays({"node": (own.hosts[1].address, 22)}, milliseconds=0, at="0.0.0.0") as found,
    ):
        node, relay = own.hosts[1], found["node"]
        with own.known_hosts.open("a") as stream:
            stream.write(f"[{node.address}]:{relay.port} {node.server.host_key()}\n")
        inventory = of_own_hosts(own, own.hosts, {node.name: Login("root", relay.port)})
        plan = [str(K8SBOOT), "plan", "-i", str(inventory)]
        bare = [*rival, str(own.key), "1", f"{node.address}:{relay.port}"]
        contenders = {
            PLAN: partial(_figures, node, relay, partial(_run, own, plan, (1,))),
            BARE: partial(_figures, node, relay, partial(_run, own, bare, (0,))),
        }
        in_turn(raw, contenders, sizes.pairs if sizes.is_whole else 1)
    raw.notes.append("an own host: no phase has prepared it, and it has no containers, mounts or kubelet")


def _run(own: OwnHosts, command: list[str], expect: tuple[int, ...]) -> None:
    spend(command, folder=own.folder, environ=own.environ(), expect=expect)


def _figures(node: OwnHost, relay: Relay, run: Callable[[], None]) -> dict[str, float]:
    went, execs = traffic(relay), node.sessions()
    spent = spent_by(Meter(node.sshd, node.sshd), run, REPEATS)
    came = traffic(relay).since(went)
    return {
        **spent,
        "execs": (node.sessions() - execs) / REPEATS,
        "bytes sent": came.sent / REPEATS,
        "bytes received": came.received / REPEATS,
    }


PART = Part(
    "probe",
    "the probe of a host: processor time, processes, bytes",
    measure,
    where="apart",
    rivals=("paramiko",),
)

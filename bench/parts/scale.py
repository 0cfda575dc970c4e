"""Facts and a plan of 1 to 300 hosts, beside bare paramiko that connects to each and runs one command."""

from __future__ import annotations

from functools import partial

from bench.inventories import of_own_hosts
from bench.own_hosts import OwnHosts, own_hosts
from bench.part import Part
from bench.places import K8SBOOT
from bench.raw import Raw
from bench.rivals.environments import BARE_PARAMIKO, programs
from bench.sizes import Sizes
from bench.spending import spend
from bench.turns import in_turn

OURS = "k8sboot"
BARE = "paramiko"
FORKS = 50
PHASES = ("hosts", "kernel")
"""Own hosts have no systemd: preflight would refuse them, and other phases would wait for it."""


def measure(raw: Raw, sizes: Sizes) -> None:
    """Each number of hosts in turn, all of them running from the beginning."""
    rival = [str(programs("paramiko") / "python"), str(BARE_PARAMIKO)]
    with own_hosts(max(sizes.hosts)) as own:
        for count in sizes.hosts:
            in_turn(raw, _contenders(own, count, rival), sizes.pairs)
    raw.notes.append(
        f"k8sboot: `phase {' '.join(PHASES)} --dry-run`, --forks {FORKS}; its connections stay open until its end. "
        f"paramiko: {FORKS} threads, each connection is closed after its command"
    )


def _contenders(own: OwnHosts, count: int, rival: list[str]) -> dict:  # type: ignore[type-arg]
    hosts = own.hosts[:count]
    inventory = of_own_hosts(own, hosts, name=f"of-{count}")
    ours = [str(K8SBOOT), "phase", *PHASES, "--dry-run", "--forks", str(FORKS), "-i", str(inventory)]
    bare = [*rival, str(own.key), str(FORKS), *(f"{host.address}:22" for host in hosts)]
    return {
        f"{OURS}, {count} hosts": partial(
            _figures, own, ours, f"{count} hosts ok" if count > 1 else "1 host ok"
        ),
        f"{BARE}, {count} hosts": partial(_figures, own, bare, ""),
    }


def _figures(own: OwnHosts, command: list[str], answer: str) -> dict[str, float]:
    spent = spend(command, folder=own.folder, environ=own.environ(), is_watched=True)
    assert answer in spent.stderr, spent.stderr
    return {"s": spent.seconds, "s of CPU": spent.cpu, "MiB": spent.memory / 1024, "threads": spent.threads}


PART = Part(
    "scale",
    "facts and plan of 1 to 300 hosts beside bare paramiko",
    measure,
    where="apart",
    rivals=("paramiko",),
)

"""What a host with nothing to do costs the wire: round trips, execs and bytes, by how its user becomes root.

The phase is `hosts`, which own hosts can complete; the bytes of a plan of all phases are the part `probe`'s.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bench.inventories import Login, of_own_hosts
from bench.links import Relay, relays, traffic
from bench.own_hosts import OwnHost, OwnHosts, own_hosts
from bench.part import Part
from bench.places import K8SBOOT
from bench.raw import Raw
from bench.sizes import Sizes
from bench.spending import spend
from bench.turns import in_turn

KINDS = ("first master", "root", "sudo", "sudo with password")
USERS = ("root", "root", "admin", "ops")
AT = "0.0.0.0"
DELAY = 100
"""Milliseconds there and back: longer than a server takes between two messages, which would count twice."""


def measure(raw: Raw, sizes: Sizes) -> None:
    """Each kind of host once in one cluster, behind a relay that counts; prepared first, then run again."""
    with own_hosts(len(KINDS), has_users=True) as own:
        ends = {host.name: (host.address, 22) for host in own.hosts}
        with relays(ends, milliseconds=DELAY, at=AT) as found:
            inventory = _inventory(own, found)
            spend(_command(inventory), folder=own.folder, environ=own.environ())
            second = partial(_second_run, own, found, inventory)
            in_turn(raw, {"second run": second}, sizes.pairs)
    raw.same_work.append("`phase hosts`, second run: 0 changed on every host, each time")
    raw.notes.append("the table has the least of each: a busy machine can only add round trips")


def _inventory(own: OwnHosts, found: dict[str, Relay]) -> Path:
    logins = {}
    for host, user in zip(own.hosts, USERS, strict=True):
        logins[host.name] = Login(user, found[host.name].port, own.password if user == "ops" else "")
        with own.known_hosts.open("a") as stream:
            stream.write(f"[{host.address}]:{found[host.name].port} {host.server.host_key()}\n")
    return of_own_hosts(own, own.hosts, logins)


def _command(inventory: Path) -> list[str]:
    return [str(K8SBOOT), "phase", "hosts", "-i", str(inventory)]


def _second_run(own: OwnHosts, found: dict[str, Relay], inventory: Path) -> dict[str, float]:
    before = {host.name: (traffic(found[host.name]), host.sessions()) for host in own.hosts}
    spent = spend(_command(inventory), folder=own.folder, environ=own.environ())
    assert "\n0 changed" in spent.stderr, spent.stderr
    figures: dict[str, float] = {}
    for kind, host in zip(KINDS, own.hosts, strict=True):
        figures |= _figures(kind, host, found[host.name], before[host.name])
    return figures


def _figures(kind: str, host: OwnHost, relay: Relay, before: tuple) -> dict[str, float]:  # type: ignore[type-arg]
    went = traffic(relay).since(before[0])
    return {
        f"round trips, {kind}": went.round_trips,
        f"execs, {kind}": host.sessions() - before[1],
        f"bytes sent, {kind}": went.sent,
        f"bytes received, {kind}": went.received,
    }


PART = Part(
    "round-trips", "round trips, execs and bytes of a host with nothing to do", measure, where="apart"
)

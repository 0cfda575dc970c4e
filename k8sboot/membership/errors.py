"""The errors for machines that are not the inventory's."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from k8sboot.errors import Refused
from k8sboot.membership.distributions import Distribution
from k8sboot.membership.reading import Membership
from k8sboot.membership.wanted import Difference
from k8sboot.text.listing import listed

NAMED = 10


def foreign(
    names: Sequence[str], found: Membership, differences: Sequence[Difference], *, home: str
) -> Refused:
    """Machines of another cluster. home: the CA of the inventory's cluster, '' if no machine of it was found."""
    limit = ",".join(names)
    rest = f"; so do {listed(names[1:], NAMED)}" if len(names) > 1 else ""
    called = f", {found.cluster_name}" if found.cluster_name else ""
    way = (
        f"if nothing on it is needed, run `k8sboot reset --foreign {found.identity} --limit {limit}`"
        if found.identity
        else "if nothing on it is needed, run `kubeadm reset` on it"
    )
    return Refused(
        f"the machine belongs to another cluster{called}{rest}",
        why="; ".join(
            (
                f"its API server is {found.server or 'unknown'}, its CA {found.identity or 'unknown'}",
                *([f"this cluster's CA is {home}"] if home else [str(d) for d in differences]),
            )
        ),
        fix="correct the inventory: the machine's address, name and role, and the cluster's values; nothing was "
        f"changed; {way}, then run again",
        host=names[0],
        code="KB-FOREIGN-CLUSTER",
    )


def other_distribution(name: str, found: Distribution) -> Refused:
    """A machine of a cluster that kubeadm did not create, running or stopped; k8sboot cannot reset it."""
    return Refused(
        f"the machine has {found.name}",
        why=f"{found.path} is there and not empty; kubeadm did not create it, so that k8sboot cannot tell whose it is",
        fix="correct the machine's address in the inventory; nothing was changed; if nothing on it is needed, "
        f"{found.removal}, then run again",
        host=name,
        code="KB-FOREIGN-CLUSTER",
    )


def fixed(name: str, differences: Sequence[Difference], identity: str) -> Refused:
    """Values that never change while a cluster lives."""
    return Refused(
        f"{len(differences)} {'value' if len(differences) == 1 else 'values'} of the inventory cannot be changed on a "
        f"running cluster: {', '.join(d.key for d in differences)}",
        why="; ".join(map(str, differences)),
        fix="restore these values in the inventory, then run again; nothing was changed; to create the machine's part "
        f"of the cluster again with the new ones, run `k8sboot reset --foreign {identity}` with --limit for single "
        "machines, then `k8sboot up`",
        host=name,
        code="KB-FIXED-AT-BIRTH",
    )


def renamed(name: str, old: str, *, is_elsewhere: bool) -> Refused:
    """A member with another name in the inventory. is_elsewhere: the inventory has its name for another host."""
    way = (
        f"correct the addresses in the inventory: the machine at the address of {name} is {old}; then run again"
        if is_elsewhere
        else f"rename it back to {old} in the inventory and run again; to give it another name, then run "
        f"`k8sboot reset --limit {shlex.quote(old)}`, rename it, and run `k8sboot up`"
    )
    return Refused(
        f"the machine is the cluster's node {old}, and {name} in the inventory",
        why="a node keeps the name that it joined with",
        fix=f"{way}; nothing was changed",
        host=name,
        code="KB-RENAMED",
    )


def remains(name: str, paths: Sequence[str]) -> Refused:
    """What an earlier cluster left, which kubeadm would fail on and k8sboot must not remove unasked."""
    return Refused(
        f"an earlier cluster left {listed(paths, NAMED)}",
        why="it is older than the kubeadm run that did not finish, or there is no cluster to which it belongs",
        fix=f"copy away what you need, run `k8sboot reset --limit {name}`, then run again; nothing was changed",
        host=name,
        code="KB-REMAINS",
    )


def no_first_master(first: str, members: Sequence[str], masters: Sequence[str], found: Membership) -> Refused:
    """`up` would create a second cluster beside the one whose members the others are."""
    way = (
        f"list {masters[0]} first under masters"
        if masters
        else f"if that cluster is lost, run `k8sboot reset --limit {shlex.quote(','.join(members))}`; if not, list its "
        "master first"
    )
    return Refused(
        f"{first} is in no cluster, while {listed(members, NAMED)} {'is' if len(members) == 1 else 'are'}",
        why=f"the first master creates the cluster, and {members[0]} belongs to {found.server or 'one'} with the "
        f"CA {found.identity}",
        fix=f"{way}, then run again; nothing was changed",
        host=first,
        code="KB-FIRST-MASTER-BARE",
    )

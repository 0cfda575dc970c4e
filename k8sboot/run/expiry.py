"""Refuse a host whose certificates of Kubernetes have expired, at the first look: everything after it would wait."""

from __future__ import annotations

import time
from datetime import datetime, timezone

from k8sboot.errors import Refused
from k8sboot.host.machine import Machine
from k8sboot.host.reads import Question, Reads
from k8sboot.inventory.model import Spec
from k8sboot.kubernetes.certificates import OF_CONTROL_PLANE, OF_KUBELET, ends, expired
from k8sboot.kubernetes.commands import certs_renew
from k8sboot.scripts import render

CERTIFICATES = Question(
    "certificates", render("certificates", FILES=" ".join((*OF_CONTROL_PLANE, *OF_KUBELET)))
)
"""The beginnings of the host's certificates, for when they end."""
READS = Reads(questions=(CERTIFICATES,))
CODE = "KB-CERTIFICATE-EXPIRED"


def refuse_expired(machine: Machine, spec: Spec) -> None:
    """Raises Refused if a certificate on the host has expired, by its clock and by the one here.

    A clock that is wrong is another error, with another fix (see preflight).
    """
    theirs = machine.snapshot.host_facts.time or time.time()
    now = datetime.fromtimestamp(min(theirs, time.time()), tz=timezone.utc)
    gone = expired(ends(machine.answer(CERTIFICATES).text), now)
    if gone:
        listed = ", ".join(f"{path} on {end:%Y-%m-%d}" for path, end in gone.items())
        raise Refused(
            f"{len(gone)} certificate{'s' if len(gone) > 1 else ''} of the cluster expired, the first on "
            f"{min(gone.values()):%Y-%m-%d %H:%M} UTC",
            why=f"the cluster's programs refuse each other; expired: {listed}",
            fix=_fix(machine, spec, is_kubelets=set(gone) <= set(OF_KUBELET)),
            host=machine.name,
            code=CODE,
        )


def _fix(machine: Machine, spec: Spec, *, is_kubelets: bool) -> str:
    if is_kubelets and machine.role == "node":
        return f"run `k8sboot reset --limit {machine.name}`, then `k8sboot up`, which joins it with a new certificate"
    renew = " ".join(certs_renew(spec.cluster.version))
    first = f"run `{renew}` on every master and restart the control plane's Pods"
    return f"{first}, with the commands of `k8sboot explain {CODE}`; then run again"

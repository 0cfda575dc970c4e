"""The inventory's secrets, for redaction."""

from __future__ import annotations

from k8sboot.inventory.model import Spec
from k8sboot.secret import Secret
from k8sboot.text.redact import Redactor


def redactor(spec: Spec) -> Redactor:
    """Masks every secret of the inventory in any text."""
    values = [value for host in spec.hosts for value in vars(host.ssh).values()]
    return Redactor(value.reveal() for value in (*values, spec.proxy.password) if isinstance(value, Secret))

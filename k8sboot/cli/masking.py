"""The inventory's secrets, for redaction."""

from __future__ import annotations

from collections.abc import Iterator

from k8sboot.inventory.model import Spec
from k8sboot.secret import Secret
from k8sboot.text.redact import Redactor


def redactor(spec: Spec) -> Redactor:
    """Masks every secret of the inventory in any text."""
    values = [value for host in spec.hosts for value in vars(host.ssh).values()]
    values += [spec.proxy.password, *_of_registries(spec)]
    return Redactor(value.reveal() for value in values if isinstance(value, Secret))


def _of_registries(spec: Spec) -> Iterator[Secret]:
    """The passwords, and the logins as HTTP Basic has them."""
    for each in spec.runtime.registries.values():
        if each.password:
            yield each.password
            yield Secret(each.basic_login)

"""When the certificates of a host's control plane and kubelet end, read from their first bytes."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timezone

from k8sboot.kubernetes.der import field
from k8sboot.kubernetes.paths import ADMIN_CONF, KUBELET_CLIENT, KUBELET_CONF

_PKI = "/etc/kubernetes/pki"
OF_CONTROL_PLANE = (
    *(f"{_PKI}/{name}.crt" for name in ("apiserver", "apiserver-kubelet-client", "apiserver-etcd-client")),
    f"{_PKI}/front-proxy-client.crt",
    *(f"{_PKI}/etcd/{name}.crt" for name in ("server", "peer", "healthcheck-client")),
    ADMIN_CONF,
    "/etc/kubernetes/controller-manager.conf",
    "/etc/kubernetes/scheduler.conf",
)
OF_KUBELET = (KUBELET_CONF, KUBELET_CLIENT)
"""kubelet uses the second while that is valid, else what the first may hold."""

_SEQUENCE, _INTEGER, _VERSION_TAG, _UTC, _GENERALIZED = 0x30, 0x02, 0xA0, 0x17, 0x18
_ARMOUR = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/\s]+)")


def ends(text: str) -> Mapping[str, datetime]:
    """The end of each certificate by file, from the output of certificates.sh. Unreadable ones are left out."""
    found: dict[str, datetime] = {}
    for part in f"\n{text}".split("\n== ")[1:]:
        path, _, lines = part.partition("\n")
        with suppress(ValueError, IndexError, binascii.Error):
            found[path] = not_after(_beginning(lines))
    return found


def expired(found: Mapping[str, datetime], now: datetime) -> Mapping[str, datetime]:
    """Those that have ended by now, by file; kubelet's only if none of its two is valid."""
    of_kubelet = [found[path] for path in OF_KUBELET if path in found]
    is_served = any(end > now for end in of_kubelet)
    return {path: end for path, end in found.items() if end <= now and not (path in OF_KUBELET and is_served)}


def not_after(der: bytes) -> datetime:
    """The end of a certificate's validity, from its first bytes. RFC 5280, 4.1. Raises ValueError, IndexError."""
    _, at_, _ = field(der, 0, _SEQUENCE, is_cut=True)
    _, at_, _ = field(der, at_, _SEQUENCE, is_cut=True)
    if der[at_] == _VERSION_TAG:
        _, _, at_ = field(der, at_, _VERSION_TAG)
    for tag in (_INTEGER, _SEQUENCE, _SEQUENCE):
        _, _, at_ = field(der, at_, tag)
    _, at_, _ = field(der, at_, _SEQUENCE)
    _, _, at_ = field(der, at_, _UTC, _GENERALIZED)
    begin, content, end = field(der, at_, _UTC, _GENERALIZED)
    form = "%y%m%d%H%M%SZ" if der[begin] == _UTC else "%Y%m%d%H%M%SZ"
    return datetime.strptime(der[content:end].decode("ascii"), form).replace(tzinfo=timezone.utc)


def _beginning(lines: str) -> bytes:
    """The first bytes of a certificate: base64 as in a PEM file, or the base64 of a PEM after `data`."""
    text = "".join(_plain(lines.split("\n")))
    return base64.b64decode(text[: len(text) // 4 * 4], validate=True)


def _plain(lines: list[str]) -> Iterator[str]:
    for line in lines:
        word, _, data = line.partition(" ")
        if word != "data":
            yield line.strip()
            continue
        armoured = base64.b64decode(data[: len(data) // 4 * 4], validate=True).decode("ascii")
        match = _ARMOUR.match(armoured)
        yield "".join(match[1].split()) if match else ""

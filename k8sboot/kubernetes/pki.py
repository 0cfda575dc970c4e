"""The cluster's certificate authority: its fingerprint as kubeadm computes it."""

from __future__ import annotations

import base64
import hashlib
import re

from k8sboot.errors import Refused
from k8sboot.kubernetes.der import field

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")
_SEQUENCE, _INTEGER, _VERSION_TAG = 0x30, 0x02, 0xA0


def ca_cert_hash(pem: str | bytes) -> str:
    """'sha256:<hex>' of a PEM certificate's public key (its SubjectPublicKeyInfo, as in RFC 7469).

    `--discovery-token-ca-cert-hash` accepts it. Raises Refused if it is not a certificate. kubeadm's CAs have the
    serial number 0, which X.509 libraries are about to reject, so the fields are parsed here.
    """
    text = pem.decode("ascii", "replace") if isinstance(pem, bytes) else pem
    found = _CERTIFICATE.search(text)
    try:
        info = _public_key_info(base64.b64decode("".join(found[1].split()), validate=True) if found else b"")
    except (ValueError, IndexError) as error:
        raise Refused(
            "the cluster's CA is not a valid certificate",
            why=str(error) or type(error).__name__,
            fix="check /etc/kubernetes/pki/ca.crt on the first master",
            code="KB-CA",
        ) from None
    return "sha256:" + hashlib.sha256(info).hexdigest()


def _public_key_info(der: bytes) -> bytes:
    """SubjectPublicKeyInfo of a certificate. RFC 5280, 4.1: it is the sixth field after the optional version."""
    _, start, _ = field(der, 0, _SEQUENCE)
    _, at_, _ = field(der, start, _SEQUENCE)
    if der[at_] == _VERSION_TAG:
        _, _, at_ = field(der, at_, _VERSION_TAG)
    for tag in (_INTEGER, _SEQUENCE, _SEQUENCE, _SEQUENCE, _SEQUENCE):
        _, _, at_ = field(der, at_, tag)
    begin, _, end = field(der, at_, _SEQUENCE)
    return der[begin:end]
